"""Times as exports write them, each read as one moment of UTC or not at all.

A format is a name (`iso`, `local`, `epoch`, `epoch-ms`, …, `excel`) or a pattern of
strptime. Fractions are cut to microseconds, never rounded into the next bucket.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from itertools import product

import msgspec

from events.event_body import Moment
from timegrid import times

EXCEL_EPOCH = datetime(1899, 12, 30)  # day 0 of the serials from March 1900 on
PLAUSIBLE = datetime(1973, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
SCALES = {"epoch": 1, "epoch-ms": 10**3, "epoch-us": 10**6, "epoch-ns": 10**9}
ISO, LOCAL, EXCEL = "iso", "local", "excel"
NAMED = (ISO, LOCAL, *SCALES, EXCEL)

ISO_TEXT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(?:(:\d\d)([.,]\d+)?)?"
    r" ?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
UTC_NAME = re.compile(r" ?(?:GMT|UTC)$")
NUMBER_TEXT = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)
DATES = [f"%d{mark}%m{mark}%Y" for mark in "/.-"]
DATES += [f"%m{mark}%d{mark}%Y" for mark in "/.-"]
DATES += ["%Y/%m/%d", "%d %b %Y", "%a, %d %b %Y", "%b %d, %Y", "%d-%b-%Y"]
CLOCKS = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H:%M:%S %z"]
PATTERNS = [" ".join(pair) for pair in product(DATES, CLOCKS)]
EXPECTED = {
    ISO: times.EXPECTED,
    LOCAL: "a time without an offset, such as 2026-03-04 12:00:00",
    "epoch": "seconds since 1970, such as 1772625600",
    "epoch-ms": "milliseconds since 1970, such as 1772625600000",
    "epoch-us": "microseconds since 1970, such as 1772625600000000",
    "epoch-ns": "nanoseconds since 1970, such as 1772625600000000000",
    EXCEL: "days as Excel counts them, such as 46085.5",
}
OTHERWISE = "(see --time-format)"
# Of a shorter text msgspec needs to round nothing, and takes an eighth of the time.
SHORT = len("2026-03-04T12:00:00.123456Z")


class TimeError(ValueError):
    """A text is no time of a format; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How times are written, and in which zone those are that do not say it."""

    name: str = ISO
    zone: tzinfo = UTC

    def __post_init__(self) -> None:
        if self.name not in NAMED:
            check_pattern(self.name)

    @property
    def has_zone(self) -> bool:
        """Says whether its texts tell their offset, so that no zone is needed."""
        return self.name in {ISO, *SCALES} or "%z" in self.name

    @property
    def is_number(self) -> bool:
        return self.name in {EXCEL, *SCALES}

    def read(self, text: str) -> datetime:
        """Returns the moment of a text. Raises TimeError."""
        try:
            return self._read(text.strip())
        except TimeError:
            raise
        except (ValueError, OverflowError):
            expected = EXPECTED.get(self.name, f"a time written as {self.name}")
            raise TimeError(f"{expected} {OTHERWISE}") from None

    def _read(self, text: str) -> datetime:
        if self.name == ISO and len(text) <= SHORT:
            try:
                return msgspec.convert(text, Moment)
            except msgspec.ValidationError:
                pass  # it may be written in another way
        if self.name in (ISO, LOCAL):
            return self._iso(text)
        if self.name in SCALES:
            return times.from_seconds(number(text) / SCALES[self.name])
        if self.name == EXCEL:
            return in_zone(excel(text), self.zone)
        if "%z" in self.name:
            text = UTC_NAME.sub(" +0000", text)
        at = datetime.strptime(text, self.name)  # noqa: DTZ007 -- the zone comes next
        return at.astimezone(UTC) if at.tzinfo else in_zone(at, self.zone)

    def _iso(self, text: str) -> datetime:
        match = ISO_TEXT.fullmatch(text)
        if not match or bool(match[5]) is (self.name == LOCAL):
            raise ValueError(text)
        day, clock, second, fraction, offset = match.groups(default="")
        fraction = fraction.replace(",", ".")
        if offset[:1] not in ("+", "-"):  # none, or one of the names of UTC
            offset = "Z"
        elif len(offset) == len("+01"):
            offset += "00"
        at = times.moment(f"{day}T{clock}{second or ':00'}{fraction}{offset}")
        if self.name == LOCAL:
            return in_zone(at.replace(tzinfo=None), self.zone)
        return at.astimezone(UTC)


def check_pattern(pattern: str) -> None:
    """Raises TimeError for a pattern that reads no time, or not a whole one."""
    if "%Z" in pattern:
        raise TimeError("expected %z for the offset: names of zones mean many things")
    if "%I" in pattern and "%p" not in pattern:
        raise TimeError("expected %p beside %I: 11:59 is in the morning and at night")
    sample = datetime(2026, 11, 23, 13, 45, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007
    except ValueError:
        read = EXCEL_EPOCH
    if read.date() != sample.date():
        names = ", ".join(NAMED)
        raise TimeError(f"expected {names}, or a pattern such as %d/%m/%Y %H:%M")


def number(text: str) -> Decimal:
    """Returns a plain number: an exponent, as Excel shows one, has lost digits."""
    if not NUMBER_TEXT.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def excel(text: str) -> datetime:
    """Returns the time of a serial: days, of which only some digits were written.

    The whole second is meant where the digits do not tell it from the time they say:
    45352.00347 is five past midnight. Else the fraction is cut like any other.
    """
    days = number(text)
    seconds = days * 86_400
    digits = -min(int(days.as_tuple().exponent), 0)
    blur = max(Decimal(86_400) / 10**digits / 2, Decimal("0.000001"))
    whole = seconds.to_integral_value()
    seconds = whole if digits and abs(seconds - whole) <= blur else seconds
    return EXCEL_EPOCH + timedelta(microseconds=int(seconds * 10**6))


def in_zone(at: datetime, zone: tzinfo) -> datetime:
    """Returns the moment of a local time: of an hour that comes twice, the first.

    Raises TimeError for a time that the zone's clocks skip.
    """
    if zone is UTC:
        return at.replace(tzinfo=UTC)
    moment = at.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != at:
        raise TimeError(f"a time that the clocks of {zone} do not skip")
    return moment


def recognised(samples: Iterable[str], *, zone: tzinfo = UTC) -> TimeFormat:
    """Returns the format that reads all samples, up to the one that decides.

    Numbers have to mean a time from 1973 on. What cannot be read is left to whoever
    reads on. Raises TimeError where more than one format is left at the end.
    """
    formats = [TimeFormat(name, zone) for name in (*NAMED, *PATTERNS)]
    fitting = formats
    for sample in samples:
        narrowed = [each for each in fitting if plausible(sample, each)]
        if len(narrowed) < 2:
            return (narrowed or fitting)[0]
        fitting = narrowed
    if fitting is formats:
        return formats[0]
    either = " or ".join(f'--time-format "{each.name}"' for each in fitting)
    raise TimeError(f"a time that can be read in one way only (give {either})")


def plausible(text: str, written: TimeFormat) -> bool:
    """Says whether a text is a time of our days in a format."""
    try:
        return PLAUSIBLE[0] <= written.read(text) < PLAUSIBLE[1]
    except TimeError:
        return False
