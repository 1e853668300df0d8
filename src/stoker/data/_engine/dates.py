"""Dates and times in texts: which formats a column has, and each text read by them, exactly.

Times are whole numbers since 1970, in UTC where a text names a zone: microseconds, or nanoseconds where a column has
finer fractions.
"""

from __future__ import annotations

import datetime as dt
import functools
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["infer_formats", "reader_of", "unit_of"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "e": r"[ ]?(?P<d>\d{1,2})",
    "b": rf"(?P<b>{'|'.join(_MONTHS)})",
    "B": rf"(?P<B>{'|'.join(_LONG_MONTHS)})",
    "H": r"(?P<H>\d{1,2})",
    "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "p": r"(?P<p>[AaPp][Mm])",
    "z": r"[ ]?(?P<z>[Zz]|UTC|GMT|[+-]\d\d:?\d\d)",
    "%": "%",
}
_WHOLE = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "D": "%m/%d/%y", "R": "%H:%M"}
_CLOCK = (
    r"(?:(?P<gap>[ T])(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?P<f>\.\d{1,9})?)?"
    r"(?P<p> [AaPp][Mm])?(?P<z>[ ]?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?"
)
_YEAR_FIRST = re.compile(rf"\d{{4}}(?P<mark>[-/])\d{{1,2}}(?P=mark)\d{{1,2}}{_CLOCK}", re.ASCII)
_YEAR_LAST = re.compile(rf"\d{{1,2}}(?P<mark>[-/])\d{{1,2}}(?P=mark)(?P<Y>\d{{4}}|\d\d){_CLOCK}", re.ASCII)
_NAMED = re.compile(rf"\d{{1,2}}-[A-Za-z]{{3}}-(?P<Y>\d{{4}}|\d\d){_CLOCK}", re.ASCII)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def infer_formats(texts: Iterable[str]) -> list[str] | None:
    """Return the formats of a column's dates, None when some text is none.

    Where a day may be a month too, the month comes first; but one text that says otherwise speaks for all.

    Examples
    --------
    >>> infer_formats(["1/2/2019", "13/2/2019"]), infer_formats(["1/2/2019"])
    (['%d/%m/%Y'], ['%m/%d/%Y'])
    >>> infer_formats(["2019-01-02", "2019-01-02T10:11:12Z"])
    ['%Y-%m-%d', '%Y-%m-%dT%H:%M:%S%z']
    >>> infer_formats(["2019-01-02", "no"]) is None
    True
    """
    forms: dict[str, list[str]] = {}
    for text in texts:
        form = _form(text.strip())
        if form is None:
            return None
        forms.setdefault(form, []).append(text)
    for order in (("m", "d"), ("d", "m")):
        formats = {form.format(*order): found for form, found in forms.items()}
        if all(_fit(form, found) for form, found in formats.items()):
            return sorted(formats) or None
    return None


def _form(text: str) -> str | None:
    """Return the format of one text, with the places of month and day left open where they may be either."""
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None:
        form = f"%Y{match['mark']}%m{match['mark']}%d"
        return None if match["p"] or (match["H"] and not match["S"]) else form + _clock(match)
    match = _YEAR_LAST.fullmatch(text)
    if match is not None:
        return "%{0}" + match["mark"] + "%{1}" + match["mark"] + _year(match) + _clock(match)
    match = _NAMED.fullmatch(text)
    return None if match is None else "%d-%b-" + _year(match) + _clock(match)


def _year(match: re.Match[str]) -> str:
    return "%Y" if len(match["Y"]) == 4 else "%y"


def _clock(match: re.Match[str]) -> str:
    if not match["H"]:
        return ""
    hour = "%I:%M" if match["p"] else "%H:%M"
    seconds = ":%S" if match["S"] else ""
    rest = (".%f" if match["f"] else "") + (" %p" if match["p"] else "") + ("%z" if match["z"] else "")
    return match["gap"] + hour + seconds + rest


def _fit(form: str, texts: list[str]) -> bool:
    read = reader_of([form], "us")
    return all(read(text) is not None for text in texts)


def unit_of(formats: Iterable[str], texts: Iterable[str]) -> str:
    """Return the unit that holds a column's times: nanoseconds only where its fractions need them.

    Examples
    --------
    >>> unit_of(["%H:%M:%S.%f"], ["10:11:12.1234567"])
    'ns'
    """
    if any("%f" in form for form in formats) and any(re.search(r"\.\d{7,9}(?!\d)", text) for text in texts):
        return "ns"
    return "us"


@functools.lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str] | None:
    """Return the regular expression of a format; None when it has what only `strptime` knows."""
    for short, long in _WHOLE.items():
        form = form.replace(f"%{short}", long)
    pattern, seen = "", set()
    for text, directive in re.findall(r"([^%]+)|%(.)", form, re.DOTALL):
        if text:
            pattern += re.escape(text)
            continue
        if directive not in _DIRECTIVES or directive in seen:
            return None
        seen.add(directive)
        pattern += _DIRECTIVES[directive]
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


def reader_of(formats: Iterable[str], unit: str) -> Callable[[str], int | None]:
    """Return what reads a text by the first of the formats that fits.

    Examples
    --------
    >>> read = reader_of(["%Y-%m-%d"], "us")
    >>> read(" 1970-1-2 "), read("1970-02-30"), read("1970-01-02 10:00")
    (86400000000, None, None)
    """
    patterns = [(form, _pattern(form)) for form in formats]

    def read(text: str) -> int | None:
        text = text.strip()
        for form, pattern in patterns:
            if pattern is None:
                found = _by_strptime(text, form)
            else:
                match = pattern.fullmatch(text)
                found = None if match is None else _instant(match.groupdict())
            if found is not None:
                return _in_unit(found, unit)
        return None

    return read


def _in_unit(nanoseconds: int, unit: str) -> int | None:
    if unit == "us":
        return nanoseconds // 1000
    return nanoseconds if -(1 << 63) < nanoseconds < 1 << 63 else None


def _instant(fields: dict[str, str | None]) -> int | None:
    """Return the nanoseconds since 1970 that the fields of a date say; None when there is no such date."""
    year = _full_year(fields)
    month = _month(fields)
    day = int(fields.get("d") or 1)
    if not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1] or (month == 2 and day == 29 and not _leaps(year)):
        return None
    hour = _hour(fields)
    minute, second = int(fields.get("M") or 0), int(fields.get("S") or 0)
    if hour is None or minute > 59 or second > 59:
        return None
    seconds = _days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - _offset(fields.get("z"))
    return seconds * 10**9 + int((fields.get("f") or "").ljust(9, "0"))


def _full_year(fields: dict[str, str | None]) -> int:
    short = fields.get("y")
    if short is None:
        return int(fields.get("Y") or 1970)
    return int(short) + (1900 if int(short) > 68 else 2000)


def _month(fields: dict[str, str | None]) -> int:
    name = fields.get("b") or fields.get("B")
    return _MONTHS.index(name[:3].lower()) + 1 if name else int(fields.get("m") or 1)


def _hour(fields: dict[str, str | None]) -> int | None:
    """Return the hour of the day; None when there is none such."""
    half = fields.get("I")
    if half is None:
        hour = int(fields.get("H") or 0)
        return hour if hour <= 23 else None
    if not 1 <= int(half) <= 12:
        return None
    return int(half) % 12 + (12 if (fields.get("p") or "").lower() == "pm" else 0)


def _offset(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return seconds if zone[0] == "+" else -seconds


def _leaps(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970 to a date, also of the year 0, which the standard library lacks."""
    if year >= 1:
        return dt.date(year, month, day).toordinal() - 719163
    return dt.date(400, month, day).toordinal() - 146097 - 719163


def _by_strptime(text: str, form: str) -> int | None:
    try:
        found = dt.datetime.strptime(text, form)  # noqa: DTZ007  # a zone is dealt with below
    except ValueError:
        return None
    if found.tzinfo is not None:
        found = found.astimezone(dt.timezone.utc).replace(tzinfo=None)
    since = found - dt.datetime(1970, 1, 1)  # noqa: DTZ001  # both are UTC
    return (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
