"""A small shop whose predictions are known by hand.

|        | ann | bob | cyd | dan | eve | users | of them on the way to buy |
|--------|-----|-----|-----|-----|-----|-------|---------------------------|
| search |  x  |  x  |  x  |     |     |   3   |             2             |
| login  |  x  |  x  |     |     |  x  |   3   |             2             |
| help   |  x  |     |     |     |     |   1   |             1             |
| late   |     |     |     |  x  |  x  |   2   |             0             |
| buy    |  x  |  x  |     |  x  |     |   3   |                           |
"""

from tests.kimball.product import Namespace, event

EVENTS = {
    "ann": ["search", "login", "help", "buy"],
    "bob": ["login", "search", "buy"],
    "cyd": ["search"],
    "dan": ["buy", "late"],
    "eve": ["login", "late"],
}
BAYES = {"search": 2 / 3, "login": 2 / 3, "help": 1.0}


def play(namespace: Namespace) -> None:
    """Sends the shop's history; also a goal that nobody reached by any event."""
    namespace.make_goals("buy", "dream")
    sent = [event(name, user) for user, names in EVENTS.items() for name in names]
    namespace.send(*sent, event("dream", "fay"))
