"""A segmentation that a scheduled report is cut by."""

import pytest

from analytics.models import ReportSchedule
from segmentation.models import Segmentation
from tests.analytics.builders import NOON
from tests.analytics.kinds.segmented import leaf, segmented

pytestmark = pytest.mark.django_db


def test_it_is_not_deleted_before_the_schedule(shop, manager):
    cut = segmented(shop.pk, leaf())
    schedule = ReportSchedule.objects.create(
        namespace=shop,
        name="Monday numbers",
        frequency="weekly",
        recipients=["ada@example.org"],
        segmentation_id=cut.id,
        created_at=NOON,
    )
    path = f"/analytics/segmentations/params/{cut.id}/"
    answer = manager.delete(path)
    assert answer.status_code == 400
    assert answer.json()["error_data"]["query"] == {
        "non_field_errors": ["Scheduled reports are cut by it: Monday numbers."]
    }
    schedule.delete()
    assert manager.delete(path).status_code == 204
    assert not Segmentation.objects.exists()
