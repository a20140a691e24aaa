"""Kinds that look at each event by itself: `count`, `sum` and `unique`.

- `count`: the events of a name.
- `sum`: their values; the item's latest price for an event that has none.
- `unique`: the events that a drain marked as their user's first of the name (of any
  name, where the metric has none), and the users carried over from history that an
  import replaced.

A new event makes its own bucket dirty and no other. Each value is a sum over single
events, so it adds up over any cut of time.
"""

from db.statements import Blocks

_SQL = Blocks(__file__)
TALLY = _SQL.fill("scan")
COUNT = _SQL.fill("count")
SUM = _SQL.fill("sum")
UNIQUE = _SQL.fill("unique")
