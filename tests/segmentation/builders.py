"""Trees, and draws of tests, as the tests write them."""

from datetime import timedelta
from decimal import Decimal

from segmentation.groups import Allocation
from tests.conftest import T0

LEAF = {"type": "analytics"}
PARAMS, TESTS = "/analytics/segmentations/params/", "/analytics/ab-tests/"
DAY = timedelta(days=1)


def split(test="my_ab_test1", a=LEAF, b=LEAF, skip=LEAF):
    """Returns a node; as it stands, the one of the published examples."""
    return {
        "type": "ab_test",
        "split": {"ab_test_id": test, "group_a": a, "group_b": b},
        "skip": skip,
    }


def draw(**fields):
    """Returns a test of two halves that runs from T0 on for a day."""
    times = {"start_at": T0, "end_at": T0 + DAY}
    shares = {"share_a": Decimal(50), "share_b": Decimal(50)}
    return Allocation(**{"name": "test", "salt": "s", **times, **shares, **fields})


def query_of(answer, status=400):
    """Returns the messages of a refusal by field."""
    assert answer.status_code == status, answer.content
    assert answer.json()["error_name"] == "WrongData"
    return answer.json()["error_data"]["query"]
