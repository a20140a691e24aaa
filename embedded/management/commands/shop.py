"""`manage.py shop`: sends the simulated shop over HTTP, first the past, then live.

It knows Abacus by its HTTP API alone. Events carry ids and count once however often
they are sent, so every doubt is settled by sending again.
"""

import os
import time
from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.core.management.base import BaseCommand
from rich.progress import BarColumn, Progress, TextColumn

from embedded.sender import Bookmark, Client, Say, Sender
from embedded.shop import Shop
from embedded.supervisor import Stop, stoppable

LONG = timedelta(minutes=10)


def address(text: str) -> SplitResult:
    """Returns the parts of a URL; raises ValueError unless it leads to a web server."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or url.port == 0:
        raise ValueError(text)
    return url


def positive(text: str) -> float:
    """Returns a number above 0; raises ValueError for anything else."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def seldom(say: Say, *, seconds: float) -> Say:
    """Returns a `say` that drops what comes too soon after the last line."""
    last = -seconds

    def say_seldom(line: str) -> None:
        nonlocal last
        if time.monotonic() - last >= seconds:
            last = time.monotonic()
            say(line)

    return say_seldom


@contextmanager
def progress(say: Say, *, terminal: bool) -> Iterator[Callable[[float, str], None]]:
    """Gives a function that shows a share of 1 and a line: as a bar, or in a log."""
    if not terminal:
        say = seldom(say, seconds=5)
        yield lambda share, line: say(line)
        return
    columns = (TextColumn("shop"), BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("", total=1)
        yield lambda share, line: bar.update(task, completed=share, description=line)


def pace(*, sent: int, seconds: float, share: float) -> str:
    """Returns what was sent so far, how fast, and how long the rest will take."""
    left = timedelta(seconds=round(seconds / share - seconds)) if share else "?"
    return f"{sent:,} events sent, {sent / seconds:,.0f}/s, {left} left"


class Command(BaseCommand):
    """A simulated shop that sends its events to a running Abacus."""

    help = "Sends the events of a simulated shop: the last days, then as they come."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declares the options."""
        parser.add_argument("--url", type=address, default="http://127.0.0.1:8000")
        parser.add_argument(
            "--token",
            default=os.environ.get("ABACUS_TOKEN"),
            required="ABACUS_TOKEN" not in os.environ,
            help="also ABACUS_TOKEN: other users of this machine see arguments",
        )
        parser.add_argument("--namespace", default="default")
        parser.add_argument("--days", type=positive, default=3.0)
        parser.add_argument("--rate", type=positive, default=1.5)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--state", type=Path)

    def handle(self, **options: Any) -> None:
        """Sends until told to stop; raises CommandError if the server refuses."""
        say = seldom(self._say, seconds=60)
        story = {name: options[name] for name in ("seed", "rate", "namespace")}
        client = Client(url=options["url"], token=options["token"], say=say)
        bookmark = Bookmark(options["state"])
        with stoppable(at_once=False) as stop:
            sender = Sender(
                shop=Shop(**story), client=client, bookmark=bookmark, check=stop.check
            )
            try:
                self._keep_open(sender, options["days"], say, stop)
            finally:
                sender.close()
        self._say(f"closed, {sender.sent:,} events sent")

    def _keep_open(self, sender: Sender, days: float, say: Say, stop: Stop) -> None:
        sender.send_prices()
        while True:
            stop.check()
            now = datetime.now(UTC)
            start = sender.due_since(now=now, days=days)
            if now - start > LONG:
                self._catch_up(sender, start, now, stop)
            else:
                deque(sender.send(start, now), maxlen=0)
                say(f"open, {sender.sent:,} events sent")
            time.sleep(1)

    def _catch_up(
        self, sender: Sender, start: datetime, end: datetime, stop: Stop
    ) -> None:
        began, before = time.monotonic(), sender.sent
        with progress(self._say, terminal=self.stdout.isatty()) as show:
            for until in sender.send(start, end):
                stop.check()
                share = (until - start) / (end - start)
                seconds, sent = time.monotonic() - began, sender.sent - before
                show(share, pace(sent=sent, seconds=seconds, share=share))
        self._say(f"caught up since {start:%d %B %H:%M} UTC")

    def _say(self, line: str) -> None:
        self.stdout.write(f"shop: {line}")
        self.stdout.flush()
