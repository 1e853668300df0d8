"""A file's text in blocks of whole records, as UTF-8, whatever its encoding."""

from __future__ import annotations

import codecs
import contextlib

from stoker.data._engine.texts import LONGEST, whole_records
from stoker.exceptions import DatasetExecutionError, StokerException

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

__all__ = ["BLOCK", "ENCODINGS", "Form", "blocks_of", "checked", "is_plain", "line_of", "opened"]

BLOCK = 8 << 20
"""Bytes of a block, when no record is longer."""

ENCODINGS = ("utf8", "utf8bom", "ascii", "latin1", "iso88591", "windows1252", "utf16", "utf32")
# As browsers and v1 have it, both names of Latin-1 mean Windows' table too, and its five gaps are control characters.
_WESTERN = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
_MARK = codecs.BOM_UTF8
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
            waiting.append(piece)
            if b"\n" not in piece and sum(map(len, waiting)) < LONGEST:
                continue
            data = b"".join(waiting)
            cut = _cut(data, form)
            if cut:
                yield data[:cut]
            waiting = [data[cut:]] if cut < len(data) else []
        if waiting:
            yield b"".join(waiting)


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
    """Return how much of the data is whole records."""
    if not form.multi_line or b'"' not in data:
        return data.rfind(b"\n") + 1
    cut = _cut_outside_quotes(data)
    if cut and is_plain(data[:cut], form):
        return cut
    text = data[: data.rfind(b"\n") + 1].decode("utf-8", "surrogateescape")
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
    opening, closing = quotes[::2], quotes[1::2]
    before = array[opening - 1]
    begins = (before == mark) | (before == _FEED) | (opening == 0)
    after = array[np.minimum(closing + 1, len(array) - 1)]
    ends = (after == mark) | (after == _FEED) | (after == _RETURN) | (closing == len(array) - 1)
    # A closing quote with an opening one right behind it is one quote of the text.
    doubled = closing[:-1] + 1 == opening[1:]
    begins[1:] |= doubled
    ends[:-1] |= doubled
    if not (begins.all() and ends.all()):
        return False
    if multi_line:
        return True
    feeds = np.flatnonzero(array == _FEED)
    return bool((np.searchsorted(feeds, opening) == np.searchsorted(feeds, closing)).all())


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
        f"The file {file.shown} is not in the encoding {encoding!r}: {where}. "
        f"Say which one it has, as encoding='latin1'; there are {', '.join(ENCODINGS)}.",
        error,
        target="encoding",
    )
