"""The running product, as a deployment runs it, and what a client sees of it.

`manage.py serve` starts it on servers of its own: no other test can touch its numbers,
and nothing here knows its tables.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx
from celery import Celery

from embedded import home as embedded
from embedded import servers, service
from tests.pipeline.processes import ROOT, until

Json = dict[str, Any]
MANAGE = (sys.executable, str(ROOT / "manage.py"))


@dataclass(slots=True)
class Product:
    """Web, worker and a beat that ticks every second; `log` is the worker's.

    Once it is `stuck`, nobody waits for it again.
    """

    home: Path
    pid: int
    log: Path
    http: httpx.Client
    ticks: Celery
    stuck: bool = False

    def tick(self) -> None:
        """Ticks between two ticks of the beat: it carries no data, and saves time."""
        self.ticks.send_task("pipeline.tasks.drain", expires=5)

    def settle(self) -> None:
        """Returns when all events that were acknowledged are counted."""
        if not self.settled():
            assert not self.stuck, "events wait that could not be counted before"
            self.stuck = True
            self.tick()
            until(self.settled, log=self.log)
            self.stuck = False

    def settled(self) -> bool:
        state: Json = self.http.get("/readyz").json()
        return bool(state["inbox_lag_seconds"] == 0)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command as an operator does, beside the running product."""
        return subprocess.run(
            [*MANAGE, *arguments],
            env=environment(self.home),
            capture_output=True,
            text=True,
            check=False,
        )

    def token(self, name: str, role: str, namespace: str) -> str:
        return self.tokens({name: (role, namespace)})[name]

    def tokens(self, accounts: Mapping[str, tuple[str, str]]) -> dict[str, str]:
        """Makes accounts of a role and a namespace; returns their tokens by name."""
        lines = ["from django.core.management import call_command"]
        for name, (role, namespace) in accounts.items():
            options = {"role": role, "namespace": [namespace]}
            lines.append(f"call_command('create_token', {name!r}, **{options})")
        made = self.manage("shell", "--no-imports", "--command", "\n".join(lines))
        assert made.returncode == 0, made.stderr
        return dict(zip(accounts, made.stdout.split(), strict=True))


def environment(home: Path) -> dict[str, str]:
    """Returns what a deployment in a folder is told."""
    kept = ("PATH", "HOME", "PYTHONPYCACHEPREFIX")
    ours = {name: os.environ[name] for name in kept if name in os.environ}
    return {**ours, "LOCAL_DIR": str(home), "WEB_CONCURRENCY": "1"}


@contextmanager
def serving(home: Path) -> Iterator[Product]:
    """Runs the product in a folder for the length of a block."""
    port, log = free_port(), home.with_suffix(".log")
    with (
        serve(home, port=port, log=log) as pid,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http,
        Celery(broker=embedded.redis_url(home), set_as_current=False) as ticks,
    ):
        until(lambda: answers(http), log=log)
        until(lambda: ticks.control.ping(timeout=0.5), log=log)
        yield Product(home, pid, home / "logs" / "counting.log", http, ticks)


@contextmanager
def serve(home: Path, *, port: int, log: Path) -> Iterator[int]:
    """Runs `manage.py serve`, yields its process id, and has it stop cleanly."""
    home.mkdir(mode=0o700)
    command = service.tethered((*MANAGE, "serve"), death_signal=SIGTERM)
    wanted = {"PORT": str(port), "DRAIN_SECONDS": "1"}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            env={**environment(home), **wanted},
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            yield process.pid
            process.send_signal(SIGTERM)
            assert process.wait(timeout=180) == 0
            assert service.leftovers(home) == []
        finally:
            process.kill()
    servers.recover(home)
    servers.remove(home)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(http: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return http.get("/healthz").is_success
    return False


@dataclass(frozen=True, slots=True)
class Namespace:
    """A namespace that only one test knows, through one account."""

    name: str
    client: httpx.Client
    product: Product

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.client.get(path, params={"namespace": self.name, **query})

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        return self.client.post(path, json={"namespace": self.name, **body})

    def send(self, *events: Json) -> None:
        """Sends events as one batch, and waits until they are counted."""
        self.post_events(*events)
        self.product.settle()

    def post_events(self, *events: Json) -> None:
        batch = [{"namespace": self.name, **one} for one in events]
        answer = self.client.post("/v0/analytics", json=batch)
        assert (answer.status_code, answer.content) == (204, b""), answer.text

    def make_goals(self, *names: str) -> None:
        for name in names:
            answer = self.post("/v0/goals", {"goal_name": name})
            assert (answer.status_code, answer.content) == (204, b""), answer.text

    def rows(self) -> dict[str, Json]:
        """Returns the counters by name."""
        answer = self.get("/v0/analytics")
        assert answer.status_code == 200, answer.text
        return by(answer.json()["counts"], "name")

    def counts(self) -> dict[str, int]:
        """Returns unique users by event name, without the row of everybody."""
        return {
            name: row["count"]
            for name, row in self.rows().items()
            if row["type"] == "named"
        }

    def combinations(self, name: str) -> dict[tuple[str, ...], int]:
        """Returns how many users came by which events, in the order they are told."""
        rows = self.rows()[name]["event_counts"]
        found = {tuple(row["events"]): row["count"] for row in rows}
        assert len(found) == len(rows), "a combination is told twice"
        return found

    def singles(self, name: str) -> dict[str, int]:
        rows = by(self.rows()[name]["single_event_counts"], "name")
        return {event: row["count"] for event, row in rows.items()}


def by(rows: list[Json], key: str) -> dict[str, Json]:
    """Returns rows by a key that tells each from the others."""
    found = {row[key]: row for row in rows}
    assert len(found) == len(rows), f"a {key} is told twice"
    return found


def event(name: str, user: str = "ann", **fields: Any) -> Json:
    return {"event_name": name, "user_id": user, **fields}


def users(count: int, prefix: str = "user") -> list[str]:
    return [f"{prefix} {number}" for number in range(count)]
