"""Names of inputs and outputs of a run: they become environment variables."""

from __future__ import annotations

import os
import re

from stoker.exceptions import UserErrorException

__all__ = ["check_name", "random_name"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
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


def random_name(what: str) -> str:
    """Return a name that no other input or output has, as `input_1f0c9a3e`."""
    return f"{what}_{os.urandom(4).hex()}"
