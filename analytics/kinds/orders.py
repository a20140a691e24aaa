"""`orders`: distinct orders, each in the bucket of its first line.

An event without an `order_id` is an order by itself. One with an `order_id` counts
unless a line of the same name and order came within 24 hours before it; of several
lines at the very same moment, one counts (that of the user with the lowest key). So an
order counts once, as long as its lines do not pause for a day.

A new line may make a later one, at most 24 hours after it, the first no longer: the
buckets of these are dirty too. Whether a line counts depends on the day before it
alone, and each order is one event, so the value adds up over any cut of time.
"""

from analytics.kinds.lookback import INTERVALS
from db.statements import Blocks

_SQL = Blocks(__file__, **INTERVALS)
LINE = _SQL.fill("scan")
ORDERS = _SQL.fill("orders", first=_SQL.fill("first", also=""))


def first(*, also: str) -> str:
    """Returns the condition that no line came before a `moment` in its order: none for
    which `also` holds, too.
    """
    return _SQL.fill("first", also=also)


def following(line: str) -> str:
    """Returns the SELECT of the moments of lines that may come first but for `line`."""
    return _SQL.fill("next", line=line)


INVALIDATED = _SQL.fill("invalidated", next=following("line"))
