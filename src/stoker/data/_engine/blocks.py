"""A file's text in blocks of whole records, as UTF-8, whatever its encoding."""

from __future__ import annotations

import codecs
import contextlib

from stoker.data._engine.texts import whole_records
from stoker.exceptions import DatasetExecutionError, StokerException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

__all__ = [
    "BLOCK",
    "ENCODINGS",
    "Form",
    "blocks_of",
    "checked",
    "is_plain",
    "line_of",
    "odd_lines",
    "opened",
    "without_lines",
]

BLOCK = 8 << 20
"""Bytes of a block, when no record is longer."""

ENCODINGS = ("utf8", "utf8bom", "ascii", "latin1", "iso88591", "windows1252", "utf16", "utf32")
# As browsers and v1 have it, both names of Latin-1 mean Windows' table too, and its five gaps are control characters.
_WESTERN = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
_MARK = codecs.BOM_UTF8
# Those of UTF-32 first: the little-endian one begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf32",
    codecs.BOM_UTF32_BE: "utf32",
    codecs.BOM_UTF16_LE: "utf16",
    codecs.BOM_UTF16_BE: "utf16",
}
_QUOTE, _FEED, _RETURN = b'"\n\r'


class Form:
    """How a delimited file is written.

    Attributes
    ----------
    encoding : str
        One of `ENCODINGS`.
    separator : str
    multi_line : bool
        Whether line breaks in quotes end no record.
    """

    __slots__ = ("encoding", "multi_line", "separator")

    def __init__(self, encoding: str = "utf8", separator: str = ",", *, multi_line: bool = False) -> None:
        self.encoding = encoding
        self.separator = separator
        self.multi_line = multi_line


@contextlib.contextmanager
def opened(file: Any) -> Iterator[BinaryIO]:
    """Open a source file; what goes wrong while it is read is said with its name."""
    try:
        with file.open() as stream:
            yield stream
    except StokerException:
        raise
    except OSError as error:
        raise DatasetExecutionError(
            f"The file {file.shown} can't be read: {error}. Check that it is still there and may be read.", error
        ) from error


def blocks_of(file: Any, form: Form, size: int = BLOCK) -> Iterator[bytes]:
    """Yield a file's text in UTF-8, cut behind records; text that is already said to be UTF-8 comes unchecked.

    Parameters
    ----------
    file : SourceFile
    form : Form
    size : int, default=8388608
        Bytes of a block.

    Raises
    ------
    stoker.exceptions.DatasetExecutionError
        It can't be read, or has another encoding.
    """
    with opened(file) as stream:
        waiting: list[bytes] = []
        for piece in _pieces(stream, file, form.encoding, size):
            end = piece.rfind(b"\n") + 1
            if not end:
                waiting.append(piece)
                continue
            # One copy of each block is all that is made.
            data = b"".join((*waiting, memoryview(piece)[:end]))
            cut = _cut(data, form)
            if cut:
                yield data if cut == len(data) else data[:cut]
            waiting = [data[cut:], piece[end:]] if cut < len(data) else [piece[end:]]
        last = b"".join(waiting)
        if last:
            yield last


def _pieces(stream: BinaryIO, file: Any, encoding: str, size: int) -> Iterator[bytes]:
    """Yield a file's text in UTF-8, in pieces that may end anywhere."""
    if encoding in {"utf16", "utf32"}:
        yield from _decoded(stream, file, encoding, size)
        return
    ours = encoding in {"utf8", "utf8bom", "ascii"}
    data = stream.read(max(size, len(_MARK)))
    while 0 < len(data) < len(_MARK):
        more = stream.read(size)
        if not more:
            break
        data += more
    first = data.removeprefix(_MARK) if ours else data
    if data and not first:
        first = stream.read(size)
    while first:
        yield first if ours else codecs.charmap_decode(first, "strict", _WESTERN)[0].encode("utf-8")
        first = stream.read(size)


def _decoded(stream: BinaryIO, file: Any, encoding: str, size: int) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder({"utf16": "utf-16", "utf32": "utf-32"}[encoding])()
    while True:
        data = stream.read(size)
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeError as error:
            raise _wrong_encoding(file, encoding, error, str(error)) from error
        if text:
            yield text.encode("utf-8", "replace")
        if not data:
            return


def _cut(data: bytes, form: Form) -> int:
    """Return how much of whole lines is whole records."""
    if not form.multi_line or b'"' not in data:
        return len(data)
    cut = _cut_outside_quotes(data)
    if cut and is_plain(data[:cut], form):
        return cut
    text = data.decode("utf-8", "surrogateescape")
    _, rest = whole_records(text, form.separator, multi_line=True, last=False)
    return len(text[:rest].encode("utf-8", "surrogateescape"))


def _cut_outside_quotes(data: bytes) -> int:
    import numpy as np

    array = np.frombuffer(data, dtype=np.uint8)
    quotes = np.flatnonzero(array == _QUOTE)
    ends = np.flatnonzero(array == _FEED)
    outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def is_plain(block: bytes, form: Form) -> bool:
    """Whether every reader of delimited text finds the same records and fields in a block.

    So it is when lines end in one of the two common ways, and quotes open a field at its beginning, close it at its
    end, are doubled inside, and, where each line is a record, are closed in the line in which they were opened.
    """
    mark = form.separator.encode("utf-8")
    if len(mark) != 1 or block.startswith(_MARK):
        return False
    # Looking for one byte is ten times as fast as for two.
    if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
        return False
    return b'"' not in block or _quotes_are_plain(block, mark[0], multi_line=form.multi_line)


def _quotes_are_plain(block: bytes, mark: int, *, multi_line: bool) -> bool:
    import numpy as np

    array = np.frombuffer(block, dtype=np.uint8)
    quotes = np.flatnonzero(array == _QUOTE)
    if len(quotes) % 2:
        return False
    if not multi_line and (np.searchsorted(quotes, np.flatnonzero(array == _FEED)) & 1).any():
        return False
    opening, closing = quotes[::2], quotes[1::2]
    if _among((mark, _FEED))[array[opening[opening > 0] - 1]].all():
        after = array[np.minimum(closing + 1, len(array) - 1)]
        if (_among((mark, _FEED, _RETURN))[after] | (closing == len(array) - 1)).all():
            return True
    # Some are doubled, or stand where they may not.
    return bool(_fit(array, quotes, np.arange(len(quotes)) % 2 == 0, mark).all())


def _among(values: tuple[int, ...]) -> Any:
    """Return for each byte whether it is one of some: looking that up is quicker than comparing with each."""
    import numpy as np

    found = np.zeros(256, dtype=bool)
    found[list(values)] = True
    return found


def _fit(array: Any, quotes: Any, opening: Any, mark: int) -> Any:
    """Return for each quote whether it stands where it may, if those are opening ones and the others close."""
    import numpy as np

    before = array[quotes - 1]
    begins = (before == mark) | (before == _FEED) | (quotes == 0)
    after = array[np.minimum(quotes + 1, len(array) - 1)]
    ends = (after == mark) | (after == _FEED) | (after == _RETURN) | (quotes == len(array) - 1)
    fine = np.where(opening, begins, ends)
    # A closing quote with an opening one right behind it is one quote of the text.
    doubled = ~opening[:-1] & opening[1:] & (quotes[:-1] + 1 == quotes[1:])
    fine[:-1] |= doubled
    fine[1:] |= doubled
    return fine


def odd_lines(block: bytes, form: Form) -> Any:
    """Return the numbers of the lines that make a block other than plain, in order; None when that can't be said.

    Each line must be a record.
    """
    import numpy as np

    mark = form.separator.encode("utf-8")
    if len(mark) != 1 or form.multi_line:
        return None
    array = np.frombuffer(block, dtype=np.uint8)
    feeds = np.flatnonzero(array == _FEED)
    quotes = np.flatnonzero(array == _QUOTE)
    line = np.searchsorted(feeds, quotes)
    _, first, counts = np.unique(line, return_index=True, return_counts=True)
    opening = (np.arange(len(quotes)) - np.repeat(first, counts)) % 2 == 0
    odd = [line[~_fit(array, quotes, opening, mark[0])], line[np.repeat(counts % 2 == 1, counts)]]
    returns = np.flatnonzero(array == _RETURN)
    lone = returns[array[np.minimum(returns + 1, len(array) - 1)] != _FEED]
    odd.append(np.searchsorted(feeds, lone))
    if block.startswith(_MARK):
        odd.append(np.zeros(1, dtype=np.int64))
    return np.unique(np.concatenate(odd))


def without_lines(block: bytes, odd: Any) -> tuple[bytes, list[tuple[int, str]]]:
    """Return a block without some of its lines, and these: each one's place among all records, and its text.

    Parameters
    ----------
    block : bytes
    odd : numpy.ndarray
        Numbers of lines, in order.
    """
    import numpy as np

    array = np.frombuffer(block, dtype=np.uint8)
    feeds = np.flatnonzero(array == _FEED)
    starts = np.concatenate(([0], feeds + 1))
    lengths = np.diff(starts) - 1
    empty = (lengths == 0) | ((lengths == 1) & (array[starts[:-1]] == _RETURN))
    before = np.concatenate(([0], np.cumsum(~empty)))
    kept, aside, end = [], [], 0
    for number in odd.tolist():
        start = int(starts[number])
        kept.append(block[end:start])
        end = int(starts[number + 1]) if number < len(feeds) else len(block)
        line = block[start:end]
        text = line.removesuffix(b"\n").removesuffix(b"\r") if line.endswith(b"\n") else line
        aside.append((int(before[number]), text.decode("utf-8")))
    kept.append(block[end:])
    return b"".join(kept), aside


def checked(block: bytes, file: Any, form: Form) -> None:
    """Raise when a block is not in the encoding that was said; the message names the line.

    Raises
    ------
    stoker.exceptions.DatasetExecutionError
    """
    if block.isascii():
        return
    try:
        block.decode("utf-8")
    except UnicodeDecodeError as error:
        line = line_of(file, form, block, error.start)
        raise _wrong_encoding(
            file, form.encoding, error, f"in line {line} there are bytes that are no text of it"
        ) from error


def line_of(file: Any, form: Form, block: bytes, place: int) -> int:
    """Return the number of the line that holds a place of a block; the file is read once more up to it."""
    count = 0
    with contextlib.suppress(DatasetExecutionError):
        for other in blocks_of(file, form):
            found = other.find(block) if len(block) <= len(other) else -1
            if found >= 0:
                return count + other.count(b"\n", 0, found + place) + 1
            count += other.count(b"\n")
    return block.count(b"\n", 0, place) + 1


def _wrong_encoding(file: Any, encoding: str, error: UnicodeError, where: str) -> DatasetExecutionError:
    return DatasetExecutionError(
        f"The file {file.shown} is not in the encoding {encoding!r}: {where}. {_encoding_hint(file, encoding)}",
        error,
        target="encoding",
    )


_NO_TEXT = {
    b"PAR1": "It is a Parquet file: Dataset.Tabular.from_parquet_files reads it.",
    b"\x1f\x8b": "It is compressed by gzip, and it is read only uncompressed: unpack it first.",
    b"PK\x03\x04": "It is a zip archive, as Excel's files are too: unpack it, or save the sheet as CSV.",
}
"""How a file begins that is no text, and what to do with it."""


def _encoding_hint(file: Any, encoding: str) -> str:
    """Return what to do: some files say themselves by how they begin what they are."""
    with contextlib.suppress(StokerException), opened(file) as stream:
        beginning = stream.read(4)
        for mark, advice in _NO_TEXT.items():
            if beginning.startswith(mark):
                return advice
        for mark, name in _MARKS.items():
            if beginning.startswith(mark) and name != encoding:
                return f"It begins with the mark of {name}: give encoding={name!r}."
    return f"Say which one it has, as encoding='latin1'; there are {', '.join(ENCODINGS)}."
