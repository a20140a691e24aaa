"""How a file writes events: what is told, else what its beginning shows.

What cannot be recognised, or read in two ways, is refused with the option that tells
it; what had to be assumed is said.
"""

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from pathlib import PurePath

from events.files import (
    columns,
    encodings,
    json_arrays,
    json_lines,
    lines,
    time_formats,
)
from events.files.dialects import POINT, UNCERTAIN, Dialect, Form
from events.files.encodings import UTF_8
from events.files.fields import Fields
from events.files.lines import LineError
from events.files.time_formats import TimeError, TimeFormat

SUFFIXES = {
    ".jsonl": Form.JSONL,
    ".ndjson": Form.JSONL,
    ".json": Form.JSONL,
    ".csv": Form.CSV,
    ".tsv": Form.CSV,
}
SHOWN = 20  # names in a line


@dataclass(frozen=True, slots=True)
class Options:
    """What is told of a file; None is for the file to show."""

    form: Form | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    time_format: str | None = None
    zone: tzinfo | None = None
    fields: Fields = field(default_factory=Fields)


def dialect(head: bytes, *, name: str, options: Options, complete: bool) -> Dialect:
    """Returns how a file writes events that has this name and begins so.

    Raises LineError.
    """
    encoding = encodings.recognised(head, wanted=options.encoding)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    text = decoder.decode(head).removeprefix("\ufeff")
    whole = text if complete else text.rpartition("\n")[0]
    fields = options.fields
    delimiter = options.delimiter or columns.delimiter(whole, fields=fields)
    # Where a comma does not separate cells, it may well begin decimals.
    likely = UNCERTAIN if delimiter == ";" else POINT
    known = Dialect(
        form=options.form or form(text, name=name),
        encoding=encoding,
        delimiter=delimiter,
        decimal=options.decimal or likely,
        fields=fields,
    )
    sample = text if known.form == Form.JSON else whole
    return replace(known, times=time_format(known, sample, options))


def form(text: str, *, name: str) -> Form:
    """Returns the form of a file, by its name or by how it begins."""
    suffix = PurePath(name.lower().removesuffix(".gz")).suffix
    by_name = SUFFIXES.get(suffix)
    if by_name != Form.CSV and json_arrays.LIST.match(text):
        return Form.JSON
    return by_name or (Form.JSONL if text.lstrip()[:1] in ("{", "") else Form.CSV)


def time_format(known: Dialect, text: str, options: Options) -> TimeFormat:
    """Returns how times are written. Raises LineError for two ways to read them."""
    zone = options.zone or UTC
    if options.time_format:
        return TimeFormat(options.time_format, zone)
    samples = list(moments(known, text))
    try:
        return time_formats.recognised([sample for _, sample in samples], zone=zone)
    except TimeError as error:
        line, sample = samples[0]
        problem = f"datetime: expected {error}, not {lines.shown(sample)}"
        raise LineError(line, problem) from None


def moments(known: Dialect, text: str) -> Iterable[tuple[int, str]]:
    """Returns the times in the beginning of a file, with their lines."""
    fields = known.fields
    if "datetime" in fields.constants:
        return [(1, fields.constants["datetime"])]
    if known.form == Form.CSV:
        return columns.moments(text, fields=fields, delimiter=known.delimiter)
    in_lines = known.form == Form.JSONL
    rows = enumerate(text.split("\n"), 1) if in_lines else json_arrays.begun(text)
    return json_lines.moments(rows, sources=fields.sources)


def remarks(known: Dialect, *, options: Options, ignored: Sequence[str]) -> str:
    """Returns in words what is read in another way than the usual, and what is not."""
    written = known.times
    unusual = []
    if known.encoding != UTF_8:
        unusual.append(f"text in {known.encoding.upper()}")
    if known.form == Form.CSV and known.delimiter != ",":
        unusual.append(f"cells separated by {known.delimiter!r}")
    if written.name != time_formats.ISO:
        unusual.append(f"times as {written.name}{zone(written, options)}")
    if ignored:
        unusual.append(f"left out: {listed(ignored)}")
    return "; ".join(unusual)


def zone(written: TimeFormat, options: Options) -> str:
    """Returns in which zone times are read that do not say it."""
    if written.has_zone:
        return ""
    assumed = "" if options.zone else " (assumed: see --timezone)"
    return f" in {written.zone}{assumed}"


def listed(names: Sequence[str]) -> str:
    """Returns some names in a line."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(name[:60] for name in names[:SHOWN]) + more
