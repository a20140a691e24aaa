"""How long a process waits for the database before it gives up.

A web request must never hang: somebody waits for it, and others wait for its thread.
Workers and commands wait longer, but not for ever.
"""

from collections.abc import Callable
from typing import Any

Whole = Callable[[str, int], int]


def options(*, web: bool, whole: Whole) -> str:
    """Returns libpq's `options` for a process; `whole(name, default)` reads seconds.

    0 leaves a bound to the role or the server, as a pooler between may require.
    """
    if web:
        statement = whole("WEB_STATEMENT_SECONDS", 20)
        bounds = {
            "lock_timeout": whole("WEB_LOCK_SECONDS", 2),
            "statement_timeout": statement,
            "idle_in_transaction_session_timeout": statement,
        }
    else:
        bounds = {"lock_timeout": whole("LOCK_SECONDS", 600)}
    return " ".join(f"-c {name}={n}s" for name, n in bounds.items() if n)


def connections(*, process: str, most: int) -> dict[str, Any]:
    """Returns Django's options of how a process comes by its connections.

    On a busy machine one takes PostgreSQL seconds: a worker waits. A command needs one
    at a time and has no pool, which would wait as long where nothing listens at all.
    """
    if process == "command":
        return {"connect_timeout": 60}
    seconds = 60 if process == "worker" else 3
    return {"pool": {"min_size": 0, "max_size": most, "timeout": seconds}}
