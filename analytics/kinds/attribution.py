"""`attributed_sum` and `attributed_orders`: what came of a click.

A line (an event of the metric's name) is attributed when the same user had an event
`after`, on the same item, in the 48 hours before it, both ends included.

- `attributed_sum`: the amounts of attributed lines.
- `attributed_orders`: attributed lines counted as in `orders`: one without an
  `order_id` by itself, else the first attributed line of its order, unless another came
  within 24 hours before it.

A new click may attribute lines up to 48 hours after it, and so take the first place
from lines of their orders up to 24 hours after those; a new line may take it from
lines up to 24 hours after it. The buckets of all these are dirty. Whether a line counts
depends on the 72 hours before it alone, so values add up over any cut of time.
"""

from analytics.kinds import orders
from analytics.kinds.lookback import INTERVALS
from db.statements import Blocks

_SQL = Blocks(__file__, **INTERVALS)
_CLICKED = _SQL.fill("clicked", line="line", pair="pair")
_EARLIER_CLICKED = _SQL.fill("clicked", line="earlier", pair="moment")
ATTRIBUTED = _SQL.fill("scan", clicked=_CLICKED)
SUM = _SQL.fill("attributed_sum")
ORDERS = _SQL.fill(
    "attributed_orders", first=orders.first(also=f"AND {_EARLIER_CLICKED}")
)
INVALIDATED = _SQL.fill("invalidated", next=orders.following("bought"))
