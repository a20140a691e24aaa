"""How far the past reaches into a number: the constants of statements and of what is
recomputed.
"""

from datetime import timedelta

PAUSE = timedelta(minutes=30)  # that ends a visit
SESSION = timedelta(hours=24)  # in which a session id, or a name in a session, is known
VISIT_LENGTH = 2 * SESSION  # that is looked at: a name's day, and its session's
ORDER = timedelta(hours=24)  # in which lines of one order follow each other
CLICK = timedelta(hours=48)  # in which a line is attributed to a click


def interval(length: timedelta) -> str:
    """Returns an SQL literal. A constant, not a parameter: the planner must see it."""
    minutes = length // timedelta(minutes=1)
    hours, rest = divmod(minutes, 60)
    return f"interval '{minutes} minutes'" if rest else f"interval '{hours} hours'"


# The names by which `.sql` files know them.
INTERVALS = {
    "pause": interval(PAUSE),
    "session": interval(SESSION),
    "visit_length": interval(VISIT_LENGTH),
    "order": interval(ORDER),
    "click": interval(CLICK),
}
