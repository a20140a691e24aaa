"""What a body costs that is refused, against one of as many bytes that is taken."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson

from benchmarks.report import Finding, median_seconds
from events import intake
from events.event_body import BodyError

EVENT = {"event_name": "view", "user_id": "ann"}
EVENTS = [
    {"event_name": "view", "user_id": f"user {n}", "item_id": f"item {n}", "value": n}
    for n in range(20_000)
]
BODIES: dict[str, Any] = {
    "the last of many has a wrong type": [*EVENTS, {**EVENT, "user_id": 5}],
    "empty objects": [{}] * 600_000,
    "an event that is a list of lists too": {**EVENT, "events": [[]] * 600_000},
    "as many unknown fields": {str(n): 1 for n in range(300_000)},
    "fields that are nearly known": {
        **EVENT,
        **{f"event_i{n}": 1 for n in range(9**5)},
    },
}


def run() -> Iterator[Finding]:
    """Times the decoding of hostile bodies; a byte against a byte of good events."""
    good = a_byte(EVENTS)
    for what, body in BODIES.items():
        bad = a_byte(body)
        yield Finding(
            f"refusal of {what} / decoding of good events, a byte",
            ratio=bad / good,
            bar=10,  # what storing costs, against decoding
            at_least=False,
            details=f"{bad * 1e9:.0f} ns against {good * 1e9:.0f} ns a byte",
        )


def a_byte(body: Any) -> float:
    """Returns the seconds that decoding takes, or refusing, per byte of the body."""
    raw = orjson.dumps(body)

    def decode() -> None:
        with suppress(BodyError):
            intake.decode(raw, received_at=datetime.now(UTC))

    return median_seconds(decode, rounds=3) / len(raw)
