"""Static files under names that hold their hash: a browser keeps each one for good.

What stands in `static/` and in the packages is copied to STATIC_ROOT, hashed and
compressed, whenever it is not what was copied there last.
"""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import HashedFilesMixin
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

# No page of ours loads them, and they are half of all: another look of the API's
# documentation, the pages of DRF, and what tells debuggers how bundles were written.
UNUSED = ["redoc", "rest_framework", "*.map"]
MODULES = ["base/*.js", "dashboard/*.js", "goals/*.js"]  # they import each other
# What Django's support_js_module_import_aggregation reads, of scripts of any origin.
IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined] # its stubs leave it out
STAMP = "sources.sha256"


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # untyped
    """Writes the hashed names also into style sheets and into our modules.

    The packages' scripts import nothing, and to look through them takes seconds.
    """

    patterns = (
        ("*.css", HashedFilesMixin.patterns[0][1][:2]),  # url() and @import
        *((modules, IMPORTS) for modules in MODULES),
    )

    def get_modified_time(self, name: str) -> datetime:
        """Returns a time before any source's: a version may be set back to an older."""
        return datetime.fromtimestamp(0, UTC)

    def post_process(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Leaves a stamp beside the files, when all of them are there."""
        yield from super().post_process(*args, **options)
        Path(self.path(STAMP)).write_text(digest())


def collect() -> None:
    """Bring STATIC_ROOT up to date: half a second, or nothing."""
    stamp = Path(settings.STATIC_ROOT) / STAMP
    if not stamp.exists() or stamp.read_text() != digest():
        call_command(
            "collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED
        )


def digest() -> str:
    """Returns what identifies the sources, and how they are written."""
    made_of = hashlib.sha256(Path(__file__).read_bytes())
    for finder in finders.get_finders():
        for path, storage in sorted(finder.list(UNUSED), key=lambda item: item[0]):
            content = Path(storage.path(path)).read_bytes()
            made_of.update(f"{path}\0{len(content)}\0".encode() + content)
    return made_of.hexdigest()
