"""Names of files that come from outside: relative, `/`-separated, and never leading elsewhere."""

from __future__ import annotations

from stoker.exceptions import UserErrorException

__all__ = ["check_file_name", "name_problem"]

LONGEST = 4000


def name_problem(name: object) -> str | None:
    """Return what is wrong with the name of a file, as the end of a sentence, or None.

    Examples
    --------
    >>> name_problem("outputs/model.pkl") is None
    True
    >>> name_problem("../x")
    "it has a part '..'"
    """
    if not isinstance(name, str) or not name:
        return "it is empty or not text"
    if "\0" in name:
        return "it contains a NUL character"
    if name.startswith("/"):
        return "it is absolute"
    bad = next((part for part in name.split("/") if part in {"", ".", ".."}), None)
    if bad is not None:
        return f"it has a part {bad!r}"
    try:
        long = len(name.encode("utf-8", "surrogateescape")) > LONGEST
    except UnicodeEncodeError:
        return "it contains characters that no file name can have"
    return f"it is longer than {LONGEST} bytes" if long else None


def check_file_name(name: object) -> str:
    """Return the name, or raise `UserErrorException` that says what is wrong with it."""
    problem = name_problem(name)
    if problem is None:
        return str(name)
    raise UserErrorException(
        f"The file name {name!r} can't be used: {problem}. Give a relative name with '/' between its parts, "
        "as 'outputs/model.pkl'.",
        target="name",
    )
