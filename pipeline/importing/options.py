"""What the command line tells of files of events, for all of them or for one."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError

from api import options, zones
from events import event_body
from events.files import encodings
from events.files.dialects import COMMA, POINT, Form
from events.files.fields import Fields
from events.files.recognition import Options
from events.files.time_formats import NAMED, TimeFormat

NAMES_OF_DELIMITERS = {"tab": "\t", "\\t": "\t"}
FORMATS = ", ".join(NAMED)
HELP = {
    "format": ("FORM", f"{', '.join(Form)}; default: by name or content"),
    "encoding": ("NAME", "such as windows-1252; default: UTF-8, or by its mark"),
    "delimiter": ("CHARACTER", "of CSV, or tab; default: recognised"),
    "decimal": ("CHARACTER", "of numbers in CSV: a point, or a comma"),
    "time-format": (
        "FORMAT",
        f"{FORMATS}, or a pattern such as %%d/%%m/%%Y %%H:%%M; default: recognised",
    ),
    "timezone": ("ZONE", "of times that do not say theirs; default: UTC"),
    "map": ("FIELD=NAME", "the column, or the key of JSON, that holds a field"),
    "set": ("FIELD=VALUE", "a field that is the same in all rows"),
    "ignore": ("NAME", "a column or key that is left out, whatever it seems to mean"),
}


def add_to(parser: ArgumentParser) -> None:
    """Declares the options."""
    group = parser.add_argument_group(
        "how files are read", "repeatable; FILE:… before the value is for one file"
    )
    for name, (metavar, help_text) in HELP.items():
        group.add_argument(
            f"--{name}", action="append", default=[], metavar=metavar, help=help_text
        )


def of_file(file: str, *, files: Sequence[str], given: Mapping[str, Any]) -> Options:
    """Returns what the options tell of a file among others. Raises CommandError."""
    values = {}
    for name, read in READERS.items():
        texts = given[name.replace("-", "_")]
        text = options.single(texts, file, files=files, option=name)
        values[name] = None if text is None else value(text, read, option=name)
    named, constant = (
        pairs(given[name], file, files=files, option=name) for name in ("map", "set")
    )
    if both := sorted(named.keys() & constant.keys()):
        raise CommandError(f"{both[0]}: expected --map or --set, not both")
    general, own = options.for_file(given["ignore"], file, files=files)
    return Options(
        form=values["format"],
        encoding=values["encoding"],
        delimiter=values["delimiter"],
        decimal=values["decimal"],
        time_format=values["time-format"],
        zone=values["timezone"],
        fields=Fields(names=named, constants=constant, ignored=[*general, *own]),
    )


def value(text: str, read: Callable[[str], Any], *, option: str) -> Any:
    try:
        return read(text)
    except (ValueError, LookupError) as error:
        raise CommandError(f"--{option} {text}: {error}") from None


def form(text: str) -> Form:
    if text not in list(Form):
        raise ValueError(f"expected one of {', '.join(Form)}")
    return Form(text)


def delimiter(text: str) -> str:
    character = NAMES_OF_DELIMITERS.get(text, text)
    if len(character) != 1 or character in '"\r\n':
        raise ValueError("expected one character, or tab")
    return character


def decimal(text: str) -> str:
    if text not in (POINT, COMMA):
        raise ValueError("expected a point or a comma")
    return text


def time_format(text: str) -> str:
    return TimeFormat(text).name


READERS: dict[str, Callable[[str], Any]] = {
    "format": form,
    "encoding": encodings.known,
    "delimiter": delimiter,
    "decimal": decimal,
    "time-format": time_format,
    "timezone": zones.zone,
}


def pairs(
    values: Sequence[str], file: str, *, files: Sequence[str], option: str
) -> dict[str, str]:
    """Returns field → what follows its `=`; what is told of one file comes first.

    Raises CommandError for what is no field, and for a field that is told twice.
    """
    general, own = options.for_file(values, file, files=files)
    return {
        **pairs_of(general, option=option),
        **pairs_of(own, option=option),
    }


def pairs_of(values: Sequence[str], *, option: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for text in values:
        field, equals, rest = text.partition("=")
        if not equals or field not in event_body.PROPERTIES:
            known = ", ".join(event_body.PROPERTIES)
            raise CommandError(
                f"--{option} {text}: expected FIELD=… or FILE:FIELD=…, with a file "
                f"that is imported and one of {known}"
            )
        if field in fields:
            raise CommandError(f"--{option} {text}: expected {field} once")
        fields[field] = rest
    return fields
