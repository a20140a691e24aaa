"""The clocks of places: the names of the IANA database, and no others."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from api.spelling import suggestion

# A host's files have these beside the database: its own clock, and none at all.
NO_PLACES = {"localtime", "posixrules", "Factory"}


@cache
def names() -> frozenset[str]:
    """Returns the names of all time zones; the first time, from hundreds of files."""
    return frozenset(available_timezones() - NO_PLACES)


def zone(name: str) -> ZoneInfo:
    """Returns a time zone. Raises ValueError, saying which was meant."""
    if name in names():
        return ZoneInfo(name)
    meant = suggestion(name, names())
    raise ValueError(
        f"did you mean {meant}?" if meant else "expected one such as Europe/Paris"
    )
