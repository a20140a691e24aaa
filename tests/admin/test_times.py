"""Times in the admin say of which zone they are."""

import re

import pytest

from tests.admin.test_roles import REGISTRY, address, row

pytestmark = pytest.mark.django_db
TIMED = ["analytics.aggregationrun", "analytics.metricbackfill"]
TIMED += ["analytics.segmentbackfill"]
TIMED += ["analytics.report", "events.batch", "events.eventname", "events.import"]


@pytest.mark.parametrize("name", TIMED)
def test_lists_say_times_with_their_zone(staff, rows, name):
    rows(1)
    text = staff.get(address(REGISTRY[name], "changelist")).text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)


def test_no_page_says_a_time_without_its_zone(staff, rows):
    rows(1)
    zone = r"(?::\d\d(?:\.\d+)?)?(?: UTC|\+00:00)"
    bare = rf"\d{{4}}-\d\d-\d\d \d\d:\d\d(?!{zone})|\d [ap]\.m\.|, (?:noon|midnight)"
    for name, model in REGISTRY.items():
        one = [row(model).pk]
        for page in ("changelist", "add", "change", "history", "delete"):
            path = address(model, page, *([] if page in {"changelist", "add"} else one))
            assert (name, re.findall(bare, staff.get(path).text)) == (name, [])
