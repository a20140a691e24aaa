"""Imports are cut by the segmentations that are there."""

from collections import defaultdict
from decimal import Decimal

import pytest

from accounts.models import Namespace
from analytics.models import WHOLE, Bucket
from tests.analytics.builders import DAY
from tests.analytics.kinds.segmented import ab_test, leaf, segmented, split
from tests.pipeline.importing.importing import OLD, run, visits

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("import_metrics"),
]


@pytest.fixture
def cut():
    shop = Namespace.objects.create(name="shop").pk
    ab_test(shop, "one", start_at=OLD - DAY)
    return segmented(shop, split("one", leaf(), leaf(), leaf()))


def sums(*numbers):
    total: defaultdict[object, Decimal] = defaultdict(Decimal)
    for one in Bucket.objects.filter(segment__in=numbers):
        total[one.metric_id, one.resolution, one.start_at] += one.value
    return total


def test_history_that_is_imported_is_cut_whatever_its_age(cut, file):
    run(file("a.jsonl", visits(40)))
    assert sums(*cut.segments) == sums(WHOLE) != {}
    in_a, in_b, rest = map(sums, cut.segments)
    assert in_a
    assert in_b
    assert not rest


def test_what_a_replacement_carries_over_stays_in_its_leaf(cut, file):
    """The users of the span were seen: nobody is new again."""
    run(file("a.jsonl", visits(40)))
    run(file("b.jsonl", visits(40, item_id="hat")), "--replace")
    assert sums(*cut.segments) == sums(WHOLE) != {}
    assert Bucket.objects.filter(segment=cut.segments[0], metric__name="users")
