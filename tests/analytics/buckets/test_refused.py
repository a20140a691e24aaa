"""What is no bucket is refused by the database, whoever writes it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from analytics.models import Bucket, Kind
from events.keys import SHARDS
from tests.analytics.builders import NOON, metric
from timegrid.buckets import DAY, FIVE_MINUTES, HOUR

pytestmark = pytest.mark.django_db


def store(shop: int, **fields: Any) -> Bucket:
    carts = metric("carts", Kind.COUNT, "add_to_cart")
    usual = {"resolution": FIVE_MINUTES, "start_at": NOON, "value": 1}
    with transaction.atomic():
        return Bucket.objects.create(
            namespace_id=shop, metric=carts, **{**usual, **fields}
        )


@pytest.mark.parametrize(
    ("resolution", "late"),
    [
        (FIVE_MINUTES, timedelta(minutes=1)),
        (FIVE_MINUTES, timedelta(microseconds=1)),
        (HOUR, timedelta(minutes=5)),
        (DAY, timedelta(0)),
        (DAY, timedelta(hours=13, minutes=5)),
    ],
)
def test_a_bucket_begins_where_its_resolution_does(shop, resolution, late):
    with pytest.raises(IntegrityError, match="bucket_start_is_aligned"):
        store(shop.pk, resolution=resolution, start_at=NOON + late)


@pytest.mark.parametrize("hour", [-12, 12])
def test_a_day_begins_at_midnight_utc(shop, hour):
    assert store(shop.pk, resolution=DAY, start_at=NOON + timedelta(hours=hour)).pk


def test_a_bucket_before_1970_is_aligned_too(shop):
    assert store(shop.pk, start_at=NOON.replace(year=1969)).pk
    with pytest.raises(IntegrityError, match="bucket_start_is_aligned"):
        Bucket.objects.update(start_at=NOON.replace(year=1969, minute=1))


def test_a_bucket_of_another_resolution_is_none(shop):
    with pytest.raises(IntegrityError, match="bucket_resolution_is_stored"):
        store(shop.pk, resolution=600)


def test_zero_is_an_absent_bucket(shop):
    with pytest.raises(IntegrityError, match="bucket_is_not_zero"):
        store(shop.pk, value=0)


def test_a_refund_is_a_bucket(shop):
    assert store(shop.pk, value=-1).pk


@pytest.mark.parametrize("number", [0, SHARDS - 1, SHARDS + 1])
def test_a_bucket_by_shards_has_all_of_them(shop, number):
    with pytest.raises(IntegrityError, match="bucket_has_all_shards"):
        store(shop.pk, shard_values=[1] * number)


def test_a_bucket_by_shards_or_without_them_is_stored(shop):
    assert store(shop.pk, shard_values=[1] + [0] * (SHARDS - 1)).pk
    Bucket.objects.update(shard_values=None)
