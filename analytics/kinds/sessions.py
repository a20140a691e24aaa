"""`sessions` and `sessions_with`: what users do in one go.

A *visit* is a run of a user's events, of any name, with no pause of more than 30
minutes. The events of a user are in the order of `occurred_at`, then of `session_id`,
those without one last.

- `sessions`: the first event of each visit, and in it the first event of each further
  `session_id`: one not seen in the visit, in the 24 hours before.
- `sessions_with`: the first event of its name in each session. An event belongs to the
  session of its visit and its `session_id`; one without a `session_id`, such as a
  purchase that a server reports, to that of the last event before it in the visit that
  has one, up to 24 hours back. An event is the first of its name where the 24 hours
  before it have no other in the session.

A late event may join two visits or begin one: the user's events up to 30 minutes
later, those with a `session_id` up to 24 hours later and those that `sessions_with`
looks at up to 48 hours later make their buckets dirty. Whether an event counts depends
on the 48 hours before it alone, so values add up over any cut of time.
"""

from analytics.kinds.lookback import INTERVALS
from db.statements import Blocks

_SQL = Blocks(__file__, **INTERVALS)
CANDIDATE = _SQL.fill("scan")
SESSIONS = _SQL.fill(
    "sessions", seen_in_visit=_SQL.fill("seen_in_visit"), recent=_SQL.fill("recent")
)
SESSIONS_WITH = _SQL.fill("sessions_with", visit_events=_SQL.fill("visit_events"))
INVALIDATED = _SQL.fill("invalidated")
