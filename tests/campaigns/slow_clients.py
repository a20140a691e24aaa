"""Thousands of slow clients at once, and how long the others wait meanwhile.

    python -m pytest -s tests/campaigns/slow_clients.py

pytest collects this file only when it is named. It wants a quiet machine: then nobody
waits for a second.
"""

import logging
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
import pytest

from embedded.progress import cpu_seconds
from tests import slow_clients
from tests.kimball.product import Product, event, serving
from tests.slow_clients import Address

ROUNDS = 20
# A line for every request would hide the findings.
logging.getLogger("httpx").setLevel(logging.WARNING)
LIMIT_SECONDS = 1.0
REPORT_BYTES = 36_000_000
REPORT = f"""
from datetime import UTC, datetime
from django.core.files.base import ContentFile
from accounts.models import Namespace
from analytics.models import Report
report = Report(
    namespace=Namespace.objects.get(name="shop"), status="COMPLETED", digest="0",
    payload={{"format": "csv"}}, sha256="00", file_name="large.csv",
    requested_at=datetime.now(UTC), finished_at=datetime.now(UTC),
)
report.file.save("large.csv", ContentFile(b"0" * {REPORT_BYTES}))
print(report.pk)
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with serving(tmp_path_factory.mktemp("slow") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def token(product: Product) -> str:
    return product.token("root", "root", "shop")


@pytest.fixture(scope="module")
def report(product: Product, token: str) -> str:
    """The address of a large file."""
    made = product.manage("shell", "--no-imports", "--command", REPORT)
    assert made.returncode == 0, made.stderr
    number = made.stdout.split()[-1]
    return f"/tasks/private/analytics_report_export/{number}/download/"


def waits(product: Product, token: str) -> list[float]:
    """Returns the seconds that newcomers wait for an answer, each on a connection."""
    found = []
    for _ in range(ROUNDS):
        for ask in (alive, sent):
            with httpx.Client(
                base_url=product.http.base_url,
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            ) as client:
                started_at = time.perf_counter()
                assert ask(client).is_success
                found.append(time.perf_counter() - started_at)
    return found


def alive(client: httpx.Client) -> httpx.Response:
    return client.get("/healthz")


def sent(client: httpx.Client) -> httpx.Response:
    body = {"namespace": "shop", **event("view")}
    return client.post("/v0/analytics", json=body)


Enter = Callable[[], AbstractContextManager[object]]


def crowd(address: Address, report: str, token: str) -> dict[str, Enter]:
    """Returns what comes on top of each other."""

    def half(sent: bytes, count: int) -> Enter:
        return lambda: slow_clients.connected(address, sent, count=count)

    return {
        "nobody": ExitStack,
        "100 readers of 36 MB": lambda: slow_clients.slow_readers(
            address, report, token=token, count=100
        ),
        "500 idle connections": lambda: slow_clients.idle(address, count=500),
        "200 half-sent bodies": half(slow_clients.HALF_BODY, 200),
        "1,500 half-sent headers": half(slow_clients.HALF_HEADERS, 1_500),
        "1,500 more half-sent bodies": half(slow_clients.HALF_BODY, 1_500),
    }


def test_nobody_waits_for_slow_clients(
    product: Product, token: str, report: str
) -> None:
    address = slow_clients.address_of(product.http)
    with ExitStack() as stack:
        for name, enter in crowd(address, report, token).items():
            stack.enter_context(enter())
            used = cpu_seconds(product.pid)
            found = waits(product, token)
            used = cpu_seconds(product.pid) - used
            print(  # noqa: T201 - for whoever runs it
                f"with {name:<28} p50 {statistics.median(found) * 1_000:5.0f} ms, "
                f"longest {max(found) * 1_000:5.0f} ms, {used:4.1f} s of CPU, "
                f"web processes of {resident(product)} MB"
            )
            assert max(found) < LIMIT_SECONDS
    assert max(waits(product, token)) < LIMIT_SECONDS


def resident(product: Product) -> list[int]:
    """Returns the resident memory of the web processes, in MB."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
            home = f"ABACUS_HOME={product.home}".encode()
            if b"config.web" in line and home in (process / "environ").read_bytes():
                status = (process / "status").read_text()
                found.append(int(status.split("VmRSS:")[1].split()[0]) // 1_024)
        except OSError:
            continue
    return sorted(found)
