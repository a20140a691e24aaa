"""What the database itself refuses, whoever writes."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from flags.models import Flag

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (None, 0), (1, 0)], ids=["start", "end", "reversed"]
)
def test_a_rollout_has_both_ends_in_order(flag, t0, start, end):
    ends = [None if days is None else t0 + timedelta(days) for days in (start, end)]
    with pytest.raises(IntegrityError, match="rollout_"), transaction.atomic():
        flag(rollout_start_at=ends[0], rollout_end_at=ends[1])
    flag(rollout_start_at=t0, rollout_end_at=t0)


@pytest.mark.parametrize("value", [{}, "text", 5, None])
def test_rules_are_a_list(flag, value):
    with pytest.raises(IntegrityError, match="user_rules"), transaction.atomic():
        flag(user_rules=value)


def test_a_name_is_one_flag_of_its_namespace(flag, shop):
    flag()
    with pytest.raises(IntegrityError, match="flag_once"), transaction.atomic():
        flag()


def test_a_namespace_with_flags_is_not_deleted(flag, shop):
    flag()
    with pytest.raises(IntegrityError):
        shop.delete()
    assert Flag.objects.count() == 1
