"""`manage.py serve`: the whole product in one foreground command.

PostgreSQL and Valkey (unless DATABASE_URL names others), then the migrations, then
web, worker and beat, all under our supervisor, until Ctrl-C or SIGTERM.
"""

import os
import signal
import socket
import sys
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper

from embedded import home as embedded_home
from embedded import lock, servers
from embedded.home import EmbeddedError
from embedded.lock import AlreadyRunningError, Lock
from embedded.service import Service, ServiceError
from embedded.supervisor import Stop, Supervisor, stoppable
from web import static_files

FIRST_PORT, LAST_PORT = 8000, 8099


class PortError(Exception):
    """There is no port to serve on; the message says what to do."""


def is_free(host: str, port: int) -> bool:
    """Returns whether a server could listen there."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            trial.bind((host, port))
            return True
    return False


def choose_port(host: str) -> int:
    """Returns PORT from the environment, else the first free one; raises PortError."""
    wanted = os.environ.get("PORT")
    if wanted is None:
        for port in range(FIRST_PORT, LAST_PORT + 1):
            if is_free(host, port):
                return port
        raise PortError(f"No port from {FIRST_PORT} to {LAST_PORT} is free: set PORT.")
    if not (wanted.isdecimal() and 0 < int(wanted) < 65536):
        raise PortError(f"PORT={wanted}: write a number from 1 to 65535.")
    if not is_free(host, int(wanted)):
        raise PortError(f"Port {wanted} is taken: stop what uses it, or change PORT.")
    return int(wanted)


def web(host: str, port: int) -> Service:
    """Returns the web server: WEB_CONCURRENCY processes, 2 unless set."""
    return Service(
        name="web",
        argv=(sys.executable, "-m", "config.web"),
        env={"HOST": host, "PORT": str(port)},
        ready=lambda: answers(host, port),
    )


def reachable(host: str) -> str:
    """Returns the address under which this machine reaches what listens on `host`."""
    return "127.0.0.1" if host == "0.0.0.0" else host


def answers(host: str, port: int) -> bool:
    """Returns whether a web server there answers, whatever it says."""
    client = HTTPConnection(reachable(host), port, timeout=5)
    with suppress(OSError, HTTPException):
        client.request("GET", "/healthz")
        return bool(client.getresponse().status)
    return False


def worker(queue: str) -> Service:
    """Returns the Celery worker of a queue, with two processes.

    Its tasks survive a kill, so it dies at once.
    """
    name = ("--queues", queue, "--hostname", f"{queue}@%h")
    options = ("--concurrency", "2", "--without-gossip", "--without-mingle")
    return Service(
        name=queue,
        argv=(*CELERY, "worker", *name, "--loglevel", "INFO", *options),
        death_signal=signal.SIGKILL,
    )


def beat() -> Service:
    """Returns the Celery beat."""
    return Service(name="beat", argv=(*CELERY, "beat", "--loglevel", "INFO"))


def disconnect() -> None:
    """Close the connections to the database: from here on, only services need it."""
    for connection in connections.all():
        connection.close()
        if isinstance(connection, DatabaseWrapper):
            connection.close_pool()


QUEUES = ("counting", "background")  # of config.celery
CELERY = (sys.executable, "-m", "celery", "--app", "config")


class Command(BaseCommand):
    """Serves Abacus until it is told to stop."""

    help = "Run the embedded servers, the web server, the worker and the beat."
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        """Serve; exit code 1 and a plain sentence when that is not possible."""
        home = settings.LOCAL_DIR.resolve()
        try:
            embedded_home.private_directory(home)
            with (
                lock.hold(home) as held,
                stoppable() as stop,
                Supervisor(home, say=self.say) as running,
            ):
                self.serve(running, held, stop)
        except (AlreadyRunningError, EmbeddedError, PortError, ServiceError) as error:
            self.stderr.write(str(error))
            sys.exit(1)
        self.say("Stopped.")

    def say(self, line: str) -> None:
        """Print a line; without a terminal to print to, keep running."""
        with suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()

    def serve(self, running: Supervisor, held: Lock, stop: Stop) -> None:
        """Start everything in order, then watch over it."""
        host = os.environ.get("HOST", "127.0.0.1")
        servers.recover(running.home, say=self.say)
        port = choose_port(host)
        address = f"http://{reachable(host)}:{port}"
        held.announce(address)
        self.start_servers(running)
        self.prepare()
        self.say("Starting web, workers and beat …")
        workers = (worker(queue) for queue in QUEUES)
        for service in (web(host, port), *workers, beat()):
            running.start(service)
        self.started(running, address)
        running.watch(stop)

    def start_servers(self, running: Supervisor) -> None:
        """Start the embedded servers that the environment does not replace."""
        if not settings.EMBEDDED:
            if "REDIS_URL" not in os.environ:
                raise EmbeddedError("DATABASE_URL is set: set REDIS_URL as well.")
            return
        self.say("Starting PostgreSQL and Valkey …")
        servers.start(running, with_valkey="REDIS_URL" not in os.environ)

    def prepare(self) -> None:
        """Bring the database and the static files up to date."""
        self.say("Preparing the database …")
        call_command("migrate", interactive=False, verbosity=0)
        static_files.collect()
        self.fill()
        disconnect()

    def fill(self) -> None:
        """Write what has to be in the database before the web server starts."""

    def started(self, running: Supervisor, address: str) -> None:
        """Tell that everything runs."""
        self.say(f"Abacus is at {address}/ (logs in {running.home / 'logs'}).")
