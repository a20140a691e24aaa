"""Which tests run first, and which in one process: a pytest plugin.

What starts programs takes long. Were it last, one process would still be at it while
the others have nothing left to do.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# These share one running product, and one browser.
TOGETHER = ("tests/kimball/", "tests/web/")
FIRST = (*TOGETHER, "tests/config/", "tests/embedded/", "tests/pipeline/")


def unit(nodeid: str) -> str:
    """Returns what goes to one process as a whole: a file, or a folder."""
    folders = (folder for folder in TOGETHER if nodeid.startswith(folder))
    return next(folders, nodeid.partition("::")[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> LoadFileScheduling:
    config.option.loadscopereorder = False  # the files with the most tests are quick
    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = unit
    return scheduler


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))
