"""Large reports: how long they take, how much memory, and every number as the API's.

    python -m pytest -s tests/campaigns/reports.py

pytest collects this file only when it is named. The buckets are made up; the rest is
the product as it is deployed: a request over HTTP, the worker, a download.
"""

import csv
import io
import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from openpyxl import load_workbook

from embedded import home as embedded
from tests.campaigns.imports import manage
from tests.kimball.product import Product, serving
from tests.pipeline.processes import until

ROWS = 8_334 * 12  # of whole hours
READABLE = 9_000  # cells that the API answers at once
URL = "/tasks/private/analytics_report_export/"
END = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
LEAF = {"type": "analytics"}
FIVE_MINUTES = """
INSERT INTO analytics_bucket
    (namespace_id, metric_id, segment, resolution, start_at, value)
SELECT namespace.id, metric.id, number, %(size)s, start_at,
    round((1000 * random())::numeric, 6) + 1
FROM accounts_namespace AS namespace, analytics_metric AS metric,
    unnest(%(numbers)s::int[]) AS number,
    generate_series(%(start)s::timestamptz, %(end)s::timestamptz - %(step)s, %(step)s)
        AS start_at
WHERE namespace.name = 'large'
"""
WIDER = """
INSERT INTO analytics_bucket
    (namespace_id, metric_id, segment, resolution, start_at, value)
SELECT namespace_id, metric_id, 0, %(size)s,
    date_bin(make_interval(secs => %(size)s), start_at, 'epoch'), sum(value)
FROM analytics_bucket WHERE resolution = 300 GROUP BY 1, 2, 5
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with serving(tmp_path_factory.mktemp("reports") / "home") as running:
        manage(running, "load_catalogue")
        yield running


@pytest.fixture(scope="module")
def client(product: Product) -> Iterator[httpx.Client]:
    """A manager of the namespace with all these numbers, and a segmentation."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    token = product.token("ada", "manager", "large")
    with httpx.Client(
        base_url=product.http.base_url,
        headers={"Authorization": f"Bearer {token}"},
        params={"namespace": "large"},
        timeout=300,
    ) as client:
        fill(product, client)
        yield client


def fill(product: Product, client: httpx.Client) -> None:
    for name in ("one", "two"):
        sent: dict[str, Any] = {
            "id": name,
            "namespace": "large",
            "share_a": 50,
            "share_b": 50,
        }
        assert client.post("/analytics/ab-tests/", json=sent).status_code == 201
    sent = {"name": "leaves", "namespace": "large", "segmentation": tree()}
    made = client.post("/analytics/segmentations/params/", json=sent)
    assert made.status_code == 201, made.text
    with psycopg.connect(embedded.database_url(product.home)) as connection:
        found = connection.execute("SELECT array_agg(id) FROM segmentation_segment")
        [numbers] = found.fetchone() or [[]]
        five, day = timedelta(minutes=5), timedelta(days=1)
        for size, step, start, of in (
            (300, five, END - ROWS * five, [0]),
            (86_400, day, END - 92 * day, numbers),
        ):
            edges = {"step": step, "start": start, "end": END}
            place = {"size": size, "numbers": of, **edges}
            connection.execute(FIVE_MINUTES, place)
        for size in (3600, 86_400):
            connection.execute(WIDER, {"size": size})


def tree() -> dict[str, Any]:
    return node("one", node("two", LEAF))


def node(test: str, group_b: dict[str, Any]) -> dict[str, Any]:
    split = {"ab_test_id": test, "group_a": LEAF, "group_b": group_b}
    return {"type": "ab_test", "split": split, "skip": LEAF}


def workers(product: Product) -> list[Path]:
    """Returns the folders in /proc of the worker's processes."""
    mine = f"LOCAL_DIR={product.home}".encode()
    return [
        process
        for process in Path("/proc").glob("[0-9]*")
        if b"worker" in read(process / "cmdline") and mine in read(process / "environ")
    ]


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def peak(process: Path) -> float:
    """Returns the most memory of a process since it was forgotten, in megabytes."""
    found = re.search(rb"VmHWM:\s+(\d+) kB", read(process / "status"))
    return int(found[1]) / 1024 if found else 0.0


def made(product: Product, client: httpx.Client, **payload: Any) -> bytes:
    """Returns a report's file, and prints what it took to make it."""
    processes = workers(product)
    for process in processes:
        (process / "clear_refs").write_text("5")  # forgets the peak
    before = {process: peak(process) for process in processes}
    started_at = time.perf_counter()
    asked = client.post(URL, json={"namespace": "large", "payload": payload})
    assert asked.status_code == 202, asked.text
    path = f"{URL}{asked.json()['task_id']}/"
    until(lambda: ended(client, path), log=product.log)
    seconds = time.perf_counter() - started_at
    assert client.get(path).json()["status"] == "COMPLETED"
    grown = max(peak(process) - before[process] for process in processes)
    content = client.get(f"{path}download/").content
    print(  # noqa: T201 - for whoever runs it
        f"\n{payload['format']}, {payload['granularity']}: {seconds:.1f} s from the "
        f"request, {grown:.0f} MB more than before, {len(content) / 1e6:.1f} MB"
    )
    return content


def ended(client: httpx.Client, path: str) -> bool:
    return client.get(path).json()["status"] not in {"REQUEST_SENT", "RUNNING"}


def of_api(client: httpx.Client, **query: Any) -> list[list[str]]:
    query = {"namespace": "large", **query}
    accept = {"Accept": "text/csv"}
    answer = client.get("/analytics/kpis/values/", params=query, headers=accept)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


def opened(content: bytes, form: str) -> list[list[Any]]:
    if form == "csv":
        return list(csv.reader(io.StringIO(content.decode())))
    book = load_workbook(io.BytesIO(content), read_only=True)
    rows: list[list[Any]] = [list(row) for row in book["KPIs"].values]
    heads, *cells, [_, *totals] = rows
    starts = [[f"{at.isoformat()}+00:00", *row] for at, *row in cells]
    return [heads, *starts, ["total", *totals]]


def same(found: list[list[Any]], expected: list[list[str]]) -> bool:
    """Says whether tables hold the same times and numbers, to the last digit, below
    their headings.
    """
    return len(found) == len(expected) and all(
        cell(one) == cell(other)
        for row, right in zip(found[1:], expected[1:], strict=True)
        for one, other in zip(row, right, strict=True)
    )


def cell(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value or None


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_92_days_of_10_kpis_by_leaf(product, client, form):
    listed = client.get("/analytics/segmentations/params/").json()["segmentations"]
    span = {
        "start_timestamp": (END - timedelta(days=92)).timestamp(),
        "end_timestamp": END.timestamp(),
        "granularity": "1d",
    }
    cut = listed[0]["id"]
    content = made(product, client, format=form, segmentation_id=cut, **span)
    rows = opened(content, form)
    assert len(rows) == 1 + 92 + 1
    assert len(rows[0]) == 1 + 10 * 6
    assert same(rows, of_api(client, segmentation=cut, **span))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_100_008_rows_of_five_minutes(product, client, form):
    start = END - ROWS * timedelta(minutes=5)
    until_readable = start + READABLE * timedelta(minutes=5)
    span = {"start_timestamp": start.timestamp(), "granularity": "5m"}
    content = made(product, client, format=form, end_timestamp=END.timestamp(), **span)
    rows = opened(content, form)
    assert len(rows) == 1 + ROWS + 1
    part = of_api(client, end_timestamp=until_readable.timestamp(), **span)
    assert same(rows[: READABLE + 1], part[:-1])
    days = {"start_timestamp": start.timestamp(), "end_timestamp": END.timestamp()}
    [*_, total] = of_api(client, granularity="1h", **days)
    told = [float(one) for one in rows[-1][1:]]
    assert told == pytest.approx([float(one) for one in total[1:]], rel=1e-12)
