"""Where files of reports are: unfinished ones in a local folder, whole ones in storage.

A file is written, brought to the disk and only then handed to Django's default storage,
which on the same disk renames it: nobody sees half of it, also where a worker is
killed. What is left of killed ones is swept away after a day.
"""

import os
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

FOLDER = "reports"
STRAY = timedelta(days=1)  # longer than any attempt takes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the storage; `size` in bytes."""

    name: str
    size: int
    sha256: str


class Whole(File[bytes]):
    """A finished local file, which a storage on the same disk may take as it is."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def unfinished() -> Path:
    """Returns the folder of what is being made, on the disk of the local storage."""
    folder = Path(settings.FILES_DIR) / "unfinished"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def workplace() -> Iterator[Path]:
    """Yields an empty folder, which is gone afterwards. Raises OSError."""
    with TemporaryDirectory(dir=unfinished()) as folder:
        yield Path(folder)


def keep(path: Path) -> StoredFile:
    """Moves a whole file into the storage, under a random name.

    Raises OSError, and whatever else the storage raises.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())
        sha256, size = file_digest(file, "sha256").hexdigest(), file.tell()
        file.seek(0)
        name = f"{FOLDER}/{uuid4().hex}{path.suffix}"
        saved = default_storage.save(name, Whole(file, str(path)))
    return StoredFile(saved, size, sha256)


def discard(name: str) -> None:
    """Deletes a file from the storage; one that is gone is no error."""
    default_storage.delete(name)


def sweep(*, named: AbstractSet[str], at: datetime) -> None:
    """Deletes what is a day old and belongs to no report, in the storage and here."""
    for name in stored():
        if name not in named and default_storage.get_modified_time(name) < at - STRAY:
            discard(name)
    for folder in unfinished().iterdir():
        touched_at = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        if touched_at < at - STRAY:
            rmtree(folder, ignore_errors=True)


def stored() -> list[str]:
    """Returns the names of all files of reports in the storage."""
    try:
        _, files = default_storage.listdir(FOLDER)
    except FileNotFoundError:  # before the first one
        return []
    return [f"{FOLDER}/{name}" for name in files]
