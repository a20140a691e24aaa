"""Bytes as text: which encoding a file has, and where it is another one."""

import codecs
from collections.abc import Iterable, Iterator

from events.files.lines import LineError

UTF_8 = "utf-8"
# In this order: the mark of UTF-32 begins with that of UTF-16.
MARKS = {
    codecs.BOM_UTF8: UTF_8,
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
SPREADSHEET = "a spreadsheet (.xlsx, .xls): save it as CSV"
ARCHIVE = "a packed file: unpack it, or pack it with gzip"
OTHERS = {
    b"PK\x03\x04": f"a zip archive, to be unpacked, or {SPREADSHEET}",
    b"\xd0\xcf\x11\xe0": SPREADSHEET,
    b"BZh": ARCHIVE,
    b"\xfd7zXZ": ARCHIVE,
    b"\x28\xb5\x2f\xfd": ARCHIVE,
    b"PAR1": "a Parquet file: convert it to CSV or JSON lines",
}


class EncodingError(LineError):
    """A line has a byte that is none of the encoding."""


def known(name: str) -> str:
    """Returns the one name of an encoding. Raises LookupError for what is none."""
    "".encode(name)  # codecs that make no bytes of a text, such as rot13, refuse
    return codecs.lookup(name).name


def recognised(head: bytes, *, wanted: str | None) -> str:
    """Returns the encoding of a file, by its beginning: its mark has the last word.

    Raises LineError for what is no text.
    """
    for begin, what in OTHERS.items():
        if head.startswith(begin):
            raise LineError(1, f"this is {what}")
    marked = (name for mark, name in MARKS.items() if head.startswith(mark))
    encoding = next(marked, wanted or UTF_8)
    if b"\0" in head[:4] and encoding == UTF_8:
        raise LineError(1, "expected text: for UTF-16, give --encoding utf-16-le")
    return encoding


def texts(chunks: Iterable[bytes], *, encoding: str) -> Iterator[str]:
    """Yields what bytes say, without a byte order mark. Raises EncodingError."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line, begin = 1, True
    for chunk in whole(chunks):
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding)
            yield good
            expected = f"expected text in {encoding.upper()}"
            raise EncodingError(line + ends(good), expected) from None
        line += ends(text)
        yield text.removeprefix("\ufeff") if begin else text
        begin = begin and not text


def whole(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields chunks, then nothing, which is the end."""
    yield from chunks
    yield b""


def ends(text: str) -> int:
    """Returns how many lines end in a text; old ones end with a carriage return."""
    return text.count("\n") or text.count("\r")


def blocks(pieces: Iterable[str], *, most: int) -> Iterator[str]:
    """Yields whole lines, all with an end. Raises LineError for one above `most`."""
    rest, line = "", 1
    for piece in pieces:
        rest += piece
        end = "\n" if "\n" in rest else "\r"
        lines, end, rest = rest.rpartition(end)
        line += ends(lines + end)
        if lines or end:
            yield lines + end
        if len(rest) > most:
            raise LineError(line, "expected lines of at most 1 MiB")
    if rest:
        yield rest + "\n"
