"""Where the embedded PostgreSQL and Valkey live: folders, sockets, URLs, secrets.

Standard library only: the settings import this module. How the servers are started
is told in `embedded.postgres`, `embedded.valkey` and `embedded.servers`.
"""

import hashlib
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

POSTGRES_PORT = 5432
POSTGRES_SOCKET = f".s.PGSQL.{POSTGRES_PORT}"
VALKEY_SOCKET = "valkey.sock"
DATABASE = "abacus"
LONGEST_SOCKET_PATH = 107  # bytes: sun_path of Linux without its final NUL


class EmbeddedError(Exception):
    """An embedded server cannot run here; the message names the remedy."""


def socket_directory(local: Path) -> Path:
    """The folder of the servers' Unix sockets: inside `local` where its path fits."""
    inside = local.resolve() / "run"
    if len(os.fsencode(inside / POSTGRES_SOCKET)) <= LONGEST_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(local.resolve())).hexdigest()[:16]
    # Not TMPDIR: every shell has to find the same folder.
    return Path(f"/tmp/abacus-{os.geteuid()}-{digest}")


def database_url(local: Path) -> str:
    """The URL of the embedded database, its socket folder as a quoted host."""
    host = quote(str(socket_directory(local)), safe="")
    return f"postgresql://postgres@{host}:{POSTGRES_PORT}/{DATABASE}"


def redis_url(local: Path) -> str:
    """The URL of the embedded Valkey, as Celery writes a Unix socket.

    redis-py calls the same socket `unix://…`: see `redis_client_url`.
    """
    return f"redis+socket://{quote(str(socket_directory(local) / VALKEY_SOCKET))}"


def redis_client_url(url: str) -> str:
    """Celery's broker URL in the form `redis.Redis.from_url` understands."""
    scheme = "redis+socket://"
    return f"unix://{url.removeprefix(scheme)}" if url.startswith(scheme) else url


def private_directory(path: Path) -> Path:
    """Make `path` a folder that only we may enter, and refuse one that is not.

    Raises EmbeddedError for a link, another owner's folder or an open one.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or stat.S_IMODE(found.st_mode) & 0o077:
        raise EmbeddedError(
            f"{path} must be a folder of yours that nobody else may enter (chmod 700)."
        )
    return path


def package(name: str) -> Path:
    """Returns the folder of an installed package, without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"{name} is not installed: see `make demo`, `make test`.")
    return Path(spec.submodule_search_locations[0])


def secret(local: Path, name: str) -> str:
    """The secret kept in `local` under `name`, made on first use (mode 0600).

    Safe between processes: the file appears complete, and the first one wins.
    """
    path = local / "secrets" / name
    with suppress(FileNotFoundError):
        return path.read_text()
    for folder in (local, path.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    with suppress(FileExistsError):
        os.link(draft, path)
    Path(draft).unlink()
    return path.read_text()
