"""Times as they are sent, cut to the microsecond: none comes into the next day.

msgspec decodes many times at once, but rounds what has more than six digits, and
refuses leap seconds; `is_plain` says where it rounds none.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

EXPECTED = "a time with an offset, such as 2026-03-04T12:00:00Z"
MICROSECOND = Decimal("0.000001")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES_A_DAY = 1440

RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d{1,6})\d*)?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)",
    re.ASCII,
)
# More digits after a second than msgspec keeps; what may be a digit or a dot, escaped.
LONG = re.compile(rb"\.\d{7}(?<=\d:\d\d\.\d{7})")
ESCAPED = re.compile(rb"\\u00[23]")


def moment(text: str) -> datetime:
    """Returns the time that RFC 3339 text stands for, in its own offset.

    A leap second counts in the second before, as its last microsecond: it must be
    23:59:60 UTC. The colon of the offset may be missing. Raises ValueError.
    """
    match = RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError(f"expected {EXPECTED}")
    day, minute, second, fraction, offset = match.groups()
    is_leap = second == "60"
    if is_leap:
        second, fraction = "59", "999999"
    fraction = (fraction or "").ljust(6, "0")
    at = datetime.fromisoformat(f"{day}T{minute}:{second}.{fraction}{offset.upper()}")
    if is_leap and not ends_a_day(at):
        raise ValueError("a leap second is at 23:59:60 UTC")
    return at


def ends_a_day(at: datetime) -> bool:
    """Says whether it is 23:59 UTC, whatever year that is in."""
    ahead = (at.utcoffset() or timedelta()) // timedelta(minutes=1)
    return (at.hour * 60 + at.minute - ahead) % MINUTES_A_DAY == MINUTES_A_DAY - 1


def is_plain(raw: bytes) -> bool:
    """Says whether msgspec reads or refuses the times in some JSON, and rounds none."""
    return not (LONG.search(raw) or ESCAPED.search(raw))


def from_seconds(seconds: Decimal | float) -> datetime:
    """Returns the UTC time so many seconds after 1970; a float is what it is written.

    Raises OverflowError and ValueError for what no datetime can be.
    """
    written = Decimal(str(seconds)).quantize(MICROSECOND, rounding=ROUND_FLOOR)
    return EPOCH + timedelta(microseconds=int(written / MICROSECOND))
