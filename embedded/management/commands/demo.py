"""`manage.py demo`: serve, with the catalogue, one user per role and a live shop."""

import json
import os
import secrets
import signal
import sys
from argparse import ArgumentParser
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from embedded import home as embedded_home
from embedded import lock, servers
from embedded.lock import AlreadyRunningError
from embedded.management.commands import serve
from embedded.service import Service
from embedded.supervisor import Supervisor

ROLES = ("root", "manager", "backend")
NAMESPACE = "default"
# The demo's numbers should be seen to move: five minutes would be long.
AGGREGATE_SECONDS = "10"

Login = dict[str, str]


class Logins:
    """The demo users' passwords and tokens, in a file that only we may read.

    The database has hashes alone, and every start has to show the same ones. Each
    database has its own.
    """

    def __init__(self, home: Path, *, database: str) -> None:
        self._path = home / "demo.json"
        self._database = database
        known = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._all: dict[str, dict[str, Login]] = known

    def get(self) -> dict[str, Login]:
        """Returns password and token by user name."""
        return self._all.get(self._database, {})

    def put(self, logins: dict[str, Login]) -> None:
        """Remember, in one step."""
        self._all[self._database] = logins
        draft = self._path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(self._all, indent=2))
        draft.replace(self._path)


def make_login(role: str) -> Login:
    """Create a user named after the role, or renew it, and return its login."""
    options = {"role": role, "namespace": [NAMESPACE], "days": 0}  # shown every time
    done = call_command("create_token", role, stdout=StringIO(), **options)
    password = secrets.token_urlsafe(9)
    user = get_user_model().objects.get(username=role)
    user.set_password(password)
    user.save()
    return {"password": password, "token": str(done).strip()}


def shop(address: str, *, token: str, state: Path) -> Service:
    """Returns the simulated shop, which shows its progress on the terminal."""
    options = ("--url", address, "--state", str(state))
    program = (sys.executable, str(settings.BASE_DIR / "manage.py"), "shop")
    return Service(
        name="shop",
        argv=(*program, *options),
        env={"ABACUS_TOKEN": token},  # arguments can be read by other users
        death_signal=signal.SIGKILL,
        terminal=True,
    )


class Command(serve.Command):
    """Runs the demo."""

    help = "Serve with demo users and a simulated shop, or forget it all (--reset)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--reset", action="store_true", help="remove all data of the demo and leave"
        )

    def handle(self, **options: Any) -> None:
        """Run or forget the demo."""
        if options["reset"]:
            self.reset(settings.LOCAL_DIR.resolve())
        else:
            os.environ.setdefault("AGGREGATE_SECONDS", AGGREGATE_SECONDS)
            super().handle(**options)

    def reset(self, home: Path) -> None:
        """Remove the demo's folder, unless Abacus runs from it."""
        embedded_home.private_directory(home)
        try:
            with lock.hold(home):
                servers.recover(home, say=self.say)
                servers.remove(home)
        except AlreadyRunningError as error:
            self.stderr.write(f"{error} Stop it first.")
            sys.exit(1)
        self.say(f"Removed {home}: the next demo starts from nothing.")

    def fill(self) -> None:
        """Load the catalogue, and create the users that are not known yet."""
        call_command("load_catalogue", stdout=StringIO())
        self.database = sha256(settings.SECRET_DATABASE_URL.encode()).hexdigest()[:12]
        file = Logins(settings.LOCAL_DIR.resolve(), database=self.database)
        users = get_user_model().objects.filter(username__in=ROLES)
        present = set(users.values_list("username", flat=True))
        logins = {name: login for name, login in file.get().items() if name in present}
        self.logins = logins | {
            role: make_login(role) for role in ROLES if role not in logins
        }
        if self.logins != logins:
            file.put(self.logins)

    def started(self, running: Supervisor, address: str) -> None:
        """Tell where everything is, then open the shop."""
        self.say(summary(address, self.logins))
        state = running.home / f"shop-{self.database}"
        token = self.logins["backend"]["token"]
        running.start(shop(address, token=token, state=state))


def summary(address: str, logins: dict[str, Login]) -> str:
    """Returns the addresses, the logins, and requests to paste into a terminal."""
    rows = [
        f"  {name:<8} {login['password']:<14} {login['token']}"
        for name, login in logins.items()
    ]
    bearer = f"'Authorization: Bearer {logins['manager']['token']}'"
    paths = ("/analytics/kpis/values/", "/analytics/kpis/status/", "/v0/analytics")
    lines = [
        "",
        f"Abacus is running: the dashboard is at {address}/",
        f"  admin      {address}/admin/",
        f"  API docs   {address}/api/docs/",
        "",
        f"  {'login':<8} {'password':<14} API token",
        *rows,
        "",
        "In another terminal:",
        *(f"  curl -s -H {bearer} '{address}{path}'" for path in paths),
        "",
        "Ctrl-C stops it and keeps the data; `make demo-reset` forgets it.",
        "",
    ]
    return "\n".join(lines)
