"""How a file writes events, once that is decided."""

from dataclasses import dataclass, field
from enum import StrEnum

from events.files.fields import Fields
from events.files.time_formats import TimeFormat

POINT, COMMA = ".", ","
UNCERTAIN = ""  # a point, but what may be thousands is refused


class Form(StrEnum):
    """What the text of a file is."""

    JSONL = "jsonl"
    JSON = "json"  # a list of events, or an object with one
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Dialect:
    """A form with its details; `delimiter` and `decimal` are those of CSV."""

    form: Form
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = POINT
    times: TimeFormat = field(default_factory=TimeFormat)
    fields: Fields = field(default_factory=Fields)
