"""Names of inputs and outputs of a run: they become environment variables."""

from __future__ import annotations

import os
import re

from stoker.exceptions import UserErrorException

__all__ = ["check_dataset_name", "check_name", "random_name"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_LONGEST = 255
_PROHIBITED = {"path", "home", "user", "pwd", "shell", "logname", "ld_library_path"}


def check_name(name: object, what: str) -> str:
    """Return the name of an input or output, or raise with the rule that it breaks.

    Parameters
    ----------
    name : object
    what : {"input", "output"}

    Raises
    ------
    stoker.exceptions.UserErrorException
        It can't be the name of an environment variable, or is one that programs live by.

    Examples
    --------
    >>> check_name("training_data", "input")
    'training_data'
    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise UserErrorException(
            f"Invalid {what} name {name!r}. It becomes an environment variable of the run, so it has only letters, "
            "digits and underscores and does not begin with a digit. Choose another one.",
            target="name",
        )
    if name.lower() in _PROHIBITED:
        raise UserErrorException(
            f"Invalid {what} name {name!r}. Programs live by the environment variable of that name, and the run "
            f"would overwrite it. Choose another one, as '{what}_{name.lower()}'.",
            target="name",
        )
    return name


def check_dataset_name(name: object) -> str:
    """Return the name of a dataset, or raise: before anything is written that would then have no name.

    Raises
    ------
    stoker.exceptions.UserErrorException
        It is no text, or longer than 255 characters.
    """
    if not isinstance(name, str) or not name.strip():
        raise UserErrorException(f"name={name!r} is no dataset's name. Give a text.", target="name")
    if len(name) > _LONGEST:
        raise UserErrorException(
            f"The dataset name {name[:20] + '...'!r} has {len(name)} characters, and at most {_LONGEST} are kept. "
            "Choose a shorter one; a description may be longer.",
            target="name",
        )
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UserErrorException(
            f"The dataset name {name!r} has half a character, {error.object[error.start]!r}, so it is no text. "
            "Choose another one.",
            target="name",
        ) from error
    return name


def random_name(what: str) -> str:
    """Return a name that no other input or output has, as `input_1f0c9a3e`."""
    return f"{what}_{os.urandom(4).hex()}"
