#!/usr/bin/env python3
"""The one way in: `python3 run.py COMMAND` installs what is missing, then runs it.

Needs nothing but Python. The packages of the lock file go into .venv once, and again
whenever the lock file or this Python changes.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever comes with an older one is told
    sys.exit(
        "Abacus needs Python 3.11 or newer; this is " + sys.version.split()[0] + "."
    )

if sys.platform != "linux":
    sys.exit(
        "Abacus runs on Linux; elsewhere use a virtual machine, or WSL on Windows."
    )

import compileall
import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import secrets
import shutil
import subprocess
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
# What production installs; with the servers in it; with the tools as well.
RUNTIME = "requirements.txt"
EMBEDDED = "requirements-embedded.txt"
DEVELOPMENT = "requirements-dev.txt"
LOCK = (
    "uv pip compile --quiet --universal --python-version 3.11 --generate-hashes "
    "--no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml"
)

# Three processes for two cores, each with servers of its own: tests of programs wait.
# The tests of a file stay together.
TEST = "python -m pytest -n 3 --dist loadfile"

# JavaScript and CSS, by the rules of biome.json.
LINT_PAGES = "biome lint --error-on-warnings"

# One program takes further arguments; of several, the first that fails ends them.
COMMANDS = {
    "demo": ["python manage.py demo"],
    "demo-reset": ["python manage.py demo --reset"],
    "serve": ["python manage.py serve"],
    "manage": ["python manage.py"],
    "test": [TEST],
    "coverage": [
        "coverage erase",
        f"coverage run -m {TEST.removeprefix('python -m ')}",
        "coverage combine --quiet",
        "python -m tests.least_covered",
    ],
    "campaign": [
        "python -m pytest tests/campaigns/kills.py",
        "python -m pytest -s tests/campaigns/imports.py",
        "python -m pytest -s tests/campaigns/reports.py",
        "python -m pytest -s tests/campaigns/slow_clients.py",
    ],
    "bench": ["python -m benchmarks", "python -m benchmarks.filters"],
    "format": ["ruff check --fix --exit-zero --quiet .", "ruff format ."],
    "check": [
        "ruff format --check .",
        "ruff check .",
        LINT_PAGES,
        "lint-imports",
        "mypy .",
        "python manage.py check --deploy --fail-level WARNING",
        "python -m tests.servers python manage.py makemigrations --check --dry-run",
        TEST,
    ],
    "lock": [
        f"{LOCK} -o {RUNTIME}",
        f"{LOCK} --extra embedded -c {RUNTIME} -o {EMBEDDED}",
        f"{LOCK} --extra embedded --group dev -c {EMBEDDED} -o {DEVELOPMENT}",
    ],
}
NEEDS = dict.fromkeys(COMMANDS, DEVELOPMENT)
NEEDS.update(dict.fromkeys(("demo", "demo-reset", "serve", "manage"), EMBEDDED))
# A deployment as the documentation asks for; no server answers there, none is asked.
DEPLOYMENT = {
    "DEBUG": "False",
    "SECRET_KEY": secrets.token_urlsafe(48),
    "USER_KEY_SECRET": secrets.token_urlsafe(48),
    "ALLOWED_HOSTS": "abacus.example",
    "DATABASE_URL": "postgresql://abacus.example/abacus",
    "REDIS_URL": "redis://abacus.example",
    "EMAIL_HOST": "smtp.abacus.example",
    "DEFAULT_FROM_EMAIL": "abacus@abacus.example",
}


def main(name: str, *rest: str) -> None:
    """Run a command of the table in .venv; never returns."""
    os.chdir(ROOT)
    if name == "lock":
        need_uv()
    else:
        install(NEEDS[name])
        compile_project()
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    first, *others = COMMANDS[name]
    if not others:
        os.execvp(first.split()[0], [*first.split(), *rest])
    for step in (first, *others):
        if step == LINT_PAGES and platform.machine() != "x86_64":
            print(f"── {step}: left out, it is not made for this machine", flush=True)
            continue
        print(f"── {step}", flush=True)
        extra = DEPLOYMENT if "--deploy" in step else {}
        done = subprocess.run(step.split(), env=os.environ | extra, check=False)
        if done.returncode:
            sys.exit(f"{name} stopped: `{step}` failed.")
    print(f"{name}: done.")
    sys.exit()


def need_uv() -> None:
    """Refuse in plain words where uv is missing: it is no package of ours."""
    if not shutil.which("uv"):
        sys.exit("`lock` needs uv: install it with `pipx install uv` and try again.")


def stamp(lock: str) -> str:
    """Returns what identifies a lock file's packages, this Python and this place."""
    made_of = ((ROOT / lock).read_bytes(), sys.version.encode(), os.fsencode(VENV))
    return hashlib.sha256(b"\0".join(made_of)).hexdigest()


def install(lock: str) -> None:
    """Bring .venv up to a lock file, unless it holds that or the development one."""
    with Path(__file__).open() as myself:
        fcntl.flock(myself, fcntl.LOCK_EX)  # two starts at once: the second one waits
        whole = STAMP.exists() and (VENV / "bin" / "python").exists()
        installed = STAMP.read_text() if whole else ""
        if installed in (stamp(lock), stamp(DEVELOPMENT)):
            return
        # The development packages only add to the others, which may be in use.
        pip = find_pip() if installed == stamp(EMBEDDED) else create_venv()
        STAMP.unlink(missing_ok=True)
        download(pip, lock)
        compile_packages()
        STAMP.write_text(stamp(lock))


def compile_packages() -> None:
    """Write the bytecode of what is in .venv, on all cores.

    Here and not by each process: where PYTHONDONTWRITEBYTECODE is set, every one of
    them would compile all that it imports, again and again.
    """
    python, library = str(VENV / "bin" / "python"), str(VENV / "lib")
    options = ["-q", "-q", "-j", "0", "-x", r"/(tests?|pip|setuptools)/"]
    # Some packages hold files that are no Python for this version: nobody imports them.
    subprocess.run([python, "-m", "compileall", *options, library], check=False)


def compile_project() -> None:
    """Write the bytecode of our own modules where it is not that of the sources."""
    for package in ROOT.glob("*/__init__.py"):
        compileall.compile_dir(package.parent, quiet=2)


def create_venv() -> list[str]:
    """Make .venv anew and return the pip for it."""
    refuse_while_running()
    print(f"Creating {VENV} with Python {sys.version.split()[0]} …", flush=True)
    has_pip = importlib.util.find_spec("ensurepip") is not None
    venv.create(VENV, clear=True, symlinks=True, with_pip=has_pip)
    return find_pip()


def find_pip() -> list[str]:
    """Returns the command of a pip that installs into .venv."""
    python = str(VENV / "bin" / "python")
    if (VENV / "bin" / "pip").exists():
        return [python, "-m", "pip"]
    # Debian keeps venv's pip in a package of its own.
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", python]
    sys.exit("Python has neither venv nor pip here: `apt install python3-venv`.")


def refuse_while_running() -> None:
    """Refuse to take the packages away from an Abacus that runs from this folder."""
    lock = ROOT / ".local" / "lock"
    if VENV.exists() and lock.exists():
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                sys.exit("Its packages changed, and Abacus is running: stop it first.")


def download(pip: list[str], lock: str) -> None:
    """Install a lock file by its hashes, saying how far it is."""
    count = len(re.findall(r"^\w.*==", (ROOT / lock).read_text(), re.MULTILINE))
    print(f"Installing {count} packages (about half a minute, once) …", flush=True)
    began, done, said = time.monotonic(), 0, []
    options = ["--require-hashes", "--only-binary=:all:", "--no-compile"]
    argv = [*pip, "install", *options, "--progress-bar=off", "-r", lock]
    env = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    with subprocess.Popen(
        argv,
        env=os.environ | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        for line in running.stdout or ():
            said.append(line)
            done += line.startswith(("Collecting", "Requirement already"))
            if sys.stdout.isatty():
                print(f"\r  {done} of {count}", end="", flush=True)
    if running.returncode:
        sys.exit("\n" + "".join(said[-20:]) + "The installation failed, see above.")
    print(f"\rInstalled in {time.monotonic() - began:.0f} s.", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(f"Usage: python3 run.py {'|'.join(COMMANDS)} [ARGUMENT …]")
    main(*sys.argv[1:])
