"""What is checked, and made definite, when a script is submitted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from stoker.base.names import nearest, suggestion
from stoker.exceptions import UserErrorException

if TYPE_CHECKING:
    from stoker.core._run_inputs import RunInputs
    from stoker.core.runconfig import RunConfiguration

__all__ = [
    "Submission",
    "check_source_directory",
    "command_text",
    "freeze_settings",
    "script_in",
    "stringify_arguments",
]

FRAMEWORKS = ("Python", "PySpark", "TensorFlow", "PyTorch", "R")
COMMUNICATORS = ("None", "ParameterServer", "OpenMpi", "IntelMpi", "Mpi", "Nccl", "Gloo", "ParallelTask")
_LOOKED_AT = 2000
_PASSED_OVER = frozenset({".git", ".stoker", ".venv", "__pycache__", "node_modules"})


class Submission(NamedTuple):
    """A script or command that may be submitted: checked, and independent of the objects it was made of."""

    run_config: RunConfiguration
    """Its arguments are texts; its script is a path with `/` in the source folder."""
    source_directory: str
    """Absolute."""
    inputs: RunInputs
    """The data objects; `inputs.complete(workspace)` writes their sections into `run_config`."""


def stringify_arguments(arguments: Iterable[Any]) -> list[str]:
    """Return the arguments as the script will see them.

    Raises
    ------
    stoker.exceptions.UserErrorException
        An argument is None or has a zero byte; or `arguments` is no list.

    Examples
    --------
    >>> stringify_arguments(["--alpha", 0.5, True])
    ['--alpha', '0.5', 'True']
    """
    if isinstance(arguments, (str, bytes)) or not isinstance(arguments, Iterable):
        raise UserErrorException(
            f"The arguments are {arguments!r}, and must be a list, as ['--alpha', 0.5]. "
            "Split the text with shlex.split, or write the list.",
            target="arguments",
        )
    return [_argument(item, index) for index, item in enumerate(arguments)]


def _argument(item: Any, index: int) -> str:
    if item is None:
        raise UserErrorException(
            f"The argument at index {index} is None, and a script can only be given text. "
            "Leave the argument out, or give a value.",
            target="arguments",
        )
    text = os.fsdecode(item) if isinstance(item, (bytes, os.PathLike)) else str(item)
    if "\0" in text:
        raise UserErrorException(
            f"The argument at index {index} has a zero byte in it ({text!r}), which no process can have. Remove it.",
            target="arguments",
        )
    return text


def command_text(command: Any) -> str:
    """Return a command as the one line that a shell runs: a list's items are joined by spaces, as in v1."""
    text = command if isinstance(command, str) else " ".join(stringify_arguments(command))
    if not text.strip() or "\0" in text:
        raise UserErrorException(
            f"The command {command!r} is empty or has a zero byte. Give a line for a shell, as 'python train.py'.",
            target="command",
        )
    return text


def check_source_directory(source_directory: str | os.PathLike[str] | None) -> str:
    """Return the source folder's absolute path.

    Raises
    ------
    stoker.exceptions.UserErrorException
        There is no such folder; the message names the nearest.
    """
    path = os.path.abspath(os.path.expanduser(os.fspath(source_directory or ".")))
    if os.path.isdir(path):
        return path
    if os.path.exists(path):
        raise UserErrorException(
            f"The source directory {path} is a file. Give the folder it is in: source_directory="
            f"{os.path.dirname(path)!r}, script={os.path.basename(path)!r}.",
            target="source_directory",
        )
    parent = os.path.dirname(path)
    folders = [name for name in _names(parent) if os.path.isdir(os.path.join(parent, name))]
    close = nearest(os.path.basename(path), folders)
    hint = f" Did you mean {os.path.join(parent, close[0])}?" if close else ""
    raise UserErrorException(
        f"The source directory {path} does not exist.{hint} A relative path counts from the current folder, "
        f"{os.getcwd()}. Give the folder that the script is in.",
        target="source_directory",
    )


def script_in(source: str, script: str | os.PathLike[str]) -> str:
    """Return the script's path in the source folder, with `/`.

    Raises
    ------
    stoker.exceptions.UserErrorException
        The script lies outside the folder, or is not there; the message names the nearest file.
    """
    name = os.fspath(script)
    relative = os.path.relpath(os.path.normpath(os.path.join(source, name)), source)
    if relative == os.pardir or relative.startswith(os.pardir + os.sep):
        relative = _by_real_path(source, name) or relative
    if relative.startswith(os.pardir):
        raise UserErrorException(
            f"The script {name!r} lies outside the source directory {source}, and only that folder is copied to the "
            "run. Move it into the folder, or give a source directory that holds both.",
            target="script",
        )
    if os.path.isfile(os.path.join(source, relative)):
        return relative.replace(os.sep, "/")
    if os.path.isdir(os.path.join(source, relative)):
        raise UserErrorException(
            f"The script {name!r} is a folder in {source}. Give the path of a file in it.", target="script"
        )
    raise UserErrorException(
        f"The script {name!r} is not in the source directory {source}. {_script_hint(source, name)} "
        "Give its path as seen from that folder.",
        target="script",
    )


def freeze_settings(configuration: RunConfiguration) -> None:
    """Check a configuration that is about to be submitted, and spell its words as v1 does.

    Raises
    ------
    stoker.exceptions.UserErrorException
        A setting has the wrong type or a value out of its range; the message names it.
    """
    configuration.framework = _known_word(configuration.framework, FRAMEWORKS, "framework")
    configuration.communicator = _known_word(configuration.communicator or "None", COMMUNICATORS, "communicator")
    definition = configuration.to_definition()
    if definition["nodeCount"] < 1:
        raise _out_of_range("node_count", definition["nodeCount"], "1 or more")
    if (definition["maxRunDurationSeconds"] or 0) < 0:
        raise _out_of_range("max_run_duration_seconds", definition["maxRunDurationSeconds"], "0 or more, or None")
    if not definition["environment"]["name"]:
        raise UserErrorException("The run's environment has no name. Give it one: Environment('training').")
    for group in (definition["environmentVariables"], definition["environment"]["environmentVariables"]):
        _check_variables(group)


def _check_variables(variables: dict[str, Any]) -> None:
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name or value is None or "\0" in value:
            raise UserErrorException(
                f"The environment variable {name!r} can't have the value {value!r}. A name has no '=' and is not "
                "empty, a value is text without zero bytes. Correct it, or leave the variable out.",
                target="environment_variables",
            )


def _known_word(word: Any, known: tuple[str, ...], setting: str) -> str:
    spelt = {item.lower(): item for item in known}
    if str(word).lower() in spelt:
        return spelt[str(word).lower()]
    raise UserErrorException(
        f"The {setting} {word!r} is unknown. {suggestion(str(word), known)} Give one of {', '.join(known)}.",
        target=setting,
    )


def _out_of_range(setting: str, value: Any, wanted: str) -> UserErrorException:
    return UserErrorException(f"{setting} is {value!r}. Give a whole number, {wanted}.", target=setting)


def _by_real_path(source: str, name: str) -> str | None:
    """Return the path in the folder when the two differ only by links, as /tmp and /private/tmp."""
    relative = os.path.relpath(os.path.realpath(os.path.join(source, name)), os.path.realpath(source))
    return None if relative.startswith(os.pardir) else relative


def _script_hint(source: str, name: str) -> str:
    from_here = os.path.abspath(name)
    if os.path.isfile(from_here) and from_here.startswith(source + os.sep):
        return f"Did you mean {os.path.relpath(from_here, source)!r}?"
    files = list(_files(source))
    same_name = [file for file in files if os.path.basename(file) == os.path.basename(name)]
    if same_name:
        return f"Did you mean {same_name[0]!r}?"
    scripts = [file for file in files if file.endswith((".py", ".sh", ".r", ".R", ".ipynb"))]
    return suggestion(name, scripts) if scripts else "There is no script in it."


def _files(source: str) -> Iterator[str]:
    """Yield paths in the folder, at most some thousands, nearest first."""
    count = 0
    for folder, folders, names in os.walk(source):
        folders[:] = sorted(set(folders) - _PASSED_OVER)
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), source)
            count += 1
            if count >= _LOOKED_AT:
                return


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
