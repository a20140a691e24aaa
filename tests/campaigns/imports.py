"""Two million events, imported from a file and sent shuffled: equal buckets.

    python -m pytest -s tests/campaigns/imports.py     (EVENTS=200000 SEED=7 for less)

pytest collects this file only when it is named. It prints the rate of the import and
the most memory that its process took.
"""

import csv
import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson
import pytest

from embedded.shop import Event, Shop
from tests.kimball.product import MANAGE, Product, environment, serving
from tests.pipeline.processes import until

EVENTS = int(os.environ.get("EVENTS", "2_000_000"))
SEED = int(os.environ.get("SEED", "0"))
IMPORTED, SENT = "imported", "sent"
# Users are new where they come first, which depends on the order of arrival.
BY_ARRIVAL = "count_new_users"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with serving(tmp_path / "home") as running:
        manage(running, "load_catalogue")
        yield running


def manage(product: Product, *arguments: str) -> str:
    """Returns what a command says on a deployment."""
    return subprocess.run(
        [*MANAGE, *arguments],
        env=environment(product.home),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def story() -> tuple[Shop, list[Event]]:
    """Returns a shop and its events of the last five days, in order of time."""
    end = datetime.now(UTC) - timedelta(minutes=5)
    start = end - timedelta(days=4, hours=20)
    rate = 1.02 * EVENTS / (end - start).total_seconds()
    shop = Shop(seed=SEED, rate=rate)
    plain = (without_place(event) for event in shop.events(start, end))
    return shop, list(islice(plain, EVENTS))


def without_place(event: Event) -> Event:
    """The namespace is told by the command and the request; ids would cost a table."""
    return {k: v for k, v in event.items() if k not in {"namespace", "event_id"}}


def send(client: httpx.Client, events: list[Event]) -> None:
    body = [{**event, "namespace": SENT} for event in events]
    answer = client.post("/v0/analytics", content=orjson.dumps(body), headers=JSON)
    assert answer.status_code == 204, answer.text


JSON = {"Content-Type": "application/json"}


def buckets(product: Product, namespace: str) -> dict[tuple[str, str], Decimal]:
    """Returns (metric, start) → value."""
    exported = manage(product, "export_buckets", "-", "--namespace", namespace)
    rows = csv.DictReader(exported.splitlines())
    return {(row["metric"], row["start_at"]): Decimal(row["value"]) for row in rows}


def unique_total(found: dict[tuple[str, str], Decimal]) -> Decimal:
    return sum(
        (v for (metric, _), v in found.items() if metric == BY_ARRIVAL), Decimal()
    )


def timed_import(product: Product, file: Path) -> tuple[float, float]:
    """Returns the seconds of an import, and the most memory it took, in megabytes."""
    command = [*MANAGE, "import_events", str(file), "--namespace", IMPORTED]
    started_at, peak = time.perf_counter(), 0
    with subprocess.Popen(command, env=environment(product.home)) as process:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            peak = int(found[1]) if found else peak
            time.sleep(0.1)
    assert process.returncode == 0
    return time.perf_counter() - started_at, peak / 1024


def send_shuffled(product: Product, events: list[Event], prices: Any) -> None:
    """Sends events in batches over four connections, in any order."""
    token = product.token("sender", "root", SENT)
    Random(SEED).shuffle(events)
    batches = [events[begin : begin + 500] for begin in range(0, len(events), 500)]
    with (
        httpx.Client(
            base_url=product.http.base_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=300,
        ) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        for namespace in (IMPORTED, SENT):
            body = {"namespace": namespace, "prices": prices}
            assert client.put("/analytics/items/prices/", json=body).status_code == 204
        list(pool.map(lambda batch: send(client, batch), batches))


def test_the_same_events_give_the_same_buckets_imported_and_sent_shuffled(
    product, tmp_path
):
    shop, events = story()
    file = tmp_path / "events.jsonl"
    with file.open("wb") as lines:
        lines.writelines(orjson.dumps(event) + b"\n" for event in events)
    taken, peak = timed_import(product, file)
    send_shuffled(product, events, shop.prices())
    until(product.settled, log=product.log, seconds=600)
    manage(product, "aggregate")
    print(  # noqa: T201 - for whoever runs it
        f"\n{EVENTS:,} events: {EVENTS / taken:,.0f} a second, {peak:.0f} MB at most"
        f"\n{manage(product, 'verify')}"
    )
    imported, sent = buckets(product, IMPORTED), buckets(product, SENT)
    users = len({event["user_id"] for event in events})
    for found in (imported, sent):  # a filter may take a new user for a known one
        assert users * (1 - 1e-4) <= unique_total(found) <= users
    assert stripped(imported) == stripped(sent)


def stripped(found: dict[tuple[str, str], Decimal]) -> dict[tuple[str, str], Decimal]:
    return {key: value for key, value in found.items() if key[0] != BY_ARRIVAL}
