"""Times in the admin say of which zone they are."""

import re

import pytest

from tests.admin.test_pages import MODELS, pages

pytestmark = pytest.mark.django_db
TIMED = ["analytics.aggregationrun", "analytics.fill", "analytics.rebuild"]
TIMED += ["analytics.report", "events.batch", "events.eventname", "events.import"]


@pytest.mark.parametrize("name", TIMED)
def test_lists_say_times_with_their_zone(staff, rows, name):
    rows(1)
    text = staff.get(pages(MODELS[name])["list"]).text
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)


def test_no_page_says_a_time_without_its_zone(staff, rows):
    rows(1)
    zone = r"(?::\d\d(?:\.\d+)?)?(?: UTC|\+00:00)"
    bare = rf"\d{{4}}-\d\d-\d\d \d\d:\d\d(?!{zone})|\d [ap]\.m\.|, (?:noon|midnight)"
    for name, model in MODELS.items():
        for address in pages(model).values():
            assert (name, re.findall(bare, staff.get(address).text)) == (name, [])
