"""How a long answer comes in pages: a token that says where the next one begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from stoker.service.mlflow.errors import invalid
from stoker.service.mlflow.routing import Call, Parameters

__all__ = ["page_of"]

_T = TypeVar("_T")
_MARK = "from:"


def page_of(
    call: Call,
    find: Callable[[int, int], Sequence[_T]],
    show: Callable[[_T], Parameters],
    *,
    field: str,
    default: int,
    most: int,
) -> Parameters:
    """Return one page of what is found, and the token of the next page where there is more.

    Parameters
    ----------
    call : Call
        Its `max_results` and `page_token` count.
    find : callable
        Takes how many at most, and how many to pass over.
    show : callable
        Takes one of what was found and returns its JSON.
    field : str
        The answer's name for the list.
    default, most : int
        How many come without `max_results`, and how many may be asked for.

    Raises
    ------
    stoker.service.mlflow.errors.MlflowError
        `INVALID_PARAMETER_VALUE`: more is asked for than `most`, or the token is none of ours.
    """
    limit = call.number("max_results", default)
    if limit is None or not 0 < limit <= most:
        raise invalid(f"The parameter 'max_results' is {limit}. Give 1 to {most}, and follow the page tokens.")
    offset = _offset(call.optional_text("page_token"))
    found = find(limit + 1, offset)
    answer: Parameters = {field: [show(item) for item in found[:limit]]}
    if len(found) > limit:
        answer["next_page_token"] = _token(offset + limit)
    return answer


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"{_MARK}{offset}".encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        mark, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(_MARK)
    except (binascii.Error, ValueError):
        mark, number = "?", ""
    if mark or not (number.isascii() and number.isdecimal()) or len(number) > 15:
        raise invalid(f"The page token {token[:100]!r} is none that this service gave. Begin again without one.")
    return int(number)
