"""An item's latest price stands for the value that an event lacks."""

from decimal import Decimal

import pytest

from analytics.models import Kind
from events import services as intake
from tests.analytics.builders import (
    DAY,
    HOUR,
    NOON,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
    stored,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> int:
    """Sold on three days: a cup without a value, a cup for 2, a gift."""
    metric("revenue", Kind.SUM, "purchase")
    metric("purchases", Kind.COUNT, "purchase")
    metric("views", Kind.COUNT, "view")
    shop = namespace()
    price(shop, cup="5")
    arrive(
        shop,
        [
            event("purchase", NOON - 2 * DAY, item="cup"),
            event("purchase", NOON - DAY, item="cup", value="2"),
            event("purchase", NOON, item="gift"),
            event("view", NOON - 3 * HOUR, item="cup"),
        ],
    )
    aggregate(shop)
    return shop


def price(shop: int, **prices: str) -> None:
    intake.put_prices(
        namespace_id=shop,
        prices={item: Decimal(price) for item, price in prices.items()},
        at=NOON,
    )


def test_an_event_without_value_is_worth_the_price_and_without_price_nothing(shop):
    assert stored(shop, "revenue") == {NOON - 2 * DAY: 5, NOON - DAY: 2}
    assert stored(shop, "purchases")[NOON] == 1


def test_a_changed_price_sums_events_without_value_again(shop):
    price(shop, cup="7.5")
    assert aggregate(shop)
    for resolution in (300, 3600, 86400):
        values = stored(shop, "revenue", resolution).values()
        assert sorted(values) == [2, Decimal("7.5")]


def test_a_first_price_sums_what_was_sold_before(shop):
    price(shop, gift="1")
    aggregate(shop)
    assert stored(shop, "revenue")[NOON] == 1


def test_a_changed_price_touches_only_buckets_of_sums(shop):
    price(shop, cup="7.5")
    run = aggregate(shop)
    assert run is not None
    # Revenue and purchases, each in five minutes, an hour and a day.
    assert (run.batches, run.events, run.buckets) == (0, 0, 6)


def test_an_unchanged_price_makes_nothing_dirty(shop):
    price(shop, cup="5.000000")
    assert aggregate(shop) is None


def test_the_price_of_an_item_that_nobody_bought_makes_nothing_dirty(shop):
    price(shop, plate="3")
    assert aggregate(shop) is None
    price(shop, plate="4")
    assert aggregate(shop) is None


def test_prices_are_a_namespace_s_own(shop):
    other = namespace()
    price(other, cup="100")
    aggregate(other)
    price(shop, cup="5")
    assert aggregate(shop) is None
    assert stored(shop, "revenue")[NOON - 2 * DAY] == 5
