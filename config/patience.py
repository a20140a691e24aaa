"""How long a process waits for the database before it gives up.

A web request must never hang: somebody waits for it, and others wait for its thread.
Workers and commands wait longer, but not for ever.
"""

from collections.abc import Callable

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
