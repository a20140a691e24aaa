"""The benchmarks in order, on one installation."""

import os
import platform
from collections.abc import Iterator

from django.conf import settings
from django.core.management import call_command

from accounts import services as account_services
from benchmarks import aggregate, drain, intake, reads, refusals
from benchmarks.report import Finding
from embedded.management.commands.serve import choose_port, disconnect, web
from embedded.supervisor import Supervisor
from events import names

EVENTS = {
    "add_to_cart",
    "product_view",
    "purchase",
    "recommendation_click",
    "recommendation_view",
}


def main() -> None:
    """Prints the findings as they come, and how many bars are met."""
    call_command("migrate", verbosity=0)
    call_command("load_catalogue", verbosity=0)
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, one run\n")
    found = []
    with Supervisor(settings.LOCAL_DIR, say=lambda line: None) as running:
        for finding in findings(running):
            print(finding, flush=True)
            found.append(finding)
    print(f"\n{sum(one.met for one in found)} of {len(found)} bars met")


def findings(running: Supervisor) -> Iterator[Finding]:
    namespaces = account_services.ensure_namespaces(["default", "long", "short"])
    default = namespaces["default"]
    made_up = {f"event {number}" for number in range(drain.NAMES)}
    found = names.ensure({(default, name) for name in EVENTS})
    names.ensure({(default, name) for name in made_up})
    first = min(found.values())
    token = account_services.issue_token(username="bench", role="root", namespaces=[])
    yield from refusals.run()
    yield from drain.run(default, first)
    yield from aggregate.run(default)
    disconnect()
    port = choose_port("127.0.0.1")
    running.start(web("127.0.0.1", port))
    yield from intake.run(port, token)
    yield from reads.run(
        port, token, long=namespaces["long"], short=namespaces["short"]
    )
