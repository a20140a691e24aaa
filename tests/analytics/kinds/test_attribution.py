"""A purchase is attributed to a click on the same item in the 48 hours before it."""

from decimal import Decimal

import pytest

from analytics.models import Kind
from events import services as intake
from tests.analytics.builders import (
    DAY,
    HOUR,
    MICROSECOND,
    MINUTE,
    NOON,
    aggregate,
    arrive,
    event,
    metric,
    namespace,
    stored,
)

pytestmark = pytest.mark.django_db

MORNING = NOON - 4 * DAY


@pytest.fixture
def shop() -> int:
    metric("direct_revenue", Kind.ATTRIBUTED_SUM, "purchase", after="click")
    metric("direct_orders", Kind.ATTRIBUTED_ORDERS, "purchase", after="click")
    return namespace()


def click(at=MORNING, item="cup", *, user=1):
    return event("click", at, item=item, user=user)


def buy(at=MORNING, item="cup", *, user=1, value="5", order=None):
    return event("purchase", at, item=item, user=user, value=value, order=order)


def happen(shop, *events):
    arrive(shop, events)
    aggregate(shop)


def revenue(shop, *events):
    """Returns the buckets after these events arrived together."""
    happen(shop, *events)
    return stored(shop, "direct_revenue")


def orders(shop, *events):
    happen(shop, *events)
    return stored(shop, "direct_orders")


def price(shop, cup):
    prices = {"cup": Decimal(cup)}
    intake.put_prices(namespace_id=shop, prices=prices, at=NOON)


def test_a_purchase_after_a_click_counts_where_it_happened(shop):
    later = MORNING + HOUR
    assert revenue(shop, click(), buy(later)) == {later: 5}
    assert stored(shop, "direct_orders") == {later: 1}
    assert stored(shop, "direct_revenue", 86400) == {MORNING.replace(hour=0): 5}


def test_a_purchase_without_a_click_does_not_count(shop):
    assert revenue(shop, buy()) == {}
    assert stored(shop, "direct_orders") == {}


def test_a_click_after_the_purchase_does_not_count(shop):
    assert revenue(shop, buy(), click(MORNING + MICROSECOND)) == {}


def test_a_click_at_the_moment_of_the_purchase_counts(shop):
    assert revenue(shop, buy(), click()) == {MORNING: 5}


def test_a_click_48_hours_before_counts(shop):
    assert revenue(shop, click(), buy(MORNING + 2 * DAY)) == {MORNING + 2 * DAY: 5}


def test_a_click_more_than_48_hours_before_does_not_count(shop):
    assert revenue(shop, click(), buy(MORNING + 2 * DAY + MICROSECOND)) == {}


def test_a_click_by_another_user_does_not_count(shop):
    assert revenue(shop, click(user=2), click(user=17), buy(MORNING + HOUR)) == {}


def test_a_click_on_another_item_does_not_count(shop):
    assert revenue(shop, click(item="plate"), buy(MORNING + HOUR)) == {}


def test_no_item_is_not_the_same_item(shop):
    assert revenue(shop, click(item=None), buy(item=None)) == {}


def test_a_click_elsewhere_does_not_count(shop):
    happen(namespace(), click())
    assert revenue(shop, buy()) == {}


def test_one_click_attributes_every_purchase_of_its_item(shop):
    purchases = [buy(MORNING + hours * HOUR) for hours in (1, 1, 30)]
    assert revenue(shop, click(), *purchases) == {
        MORNING + HOUR: 10,
        MORNING + 30 * HOUR: 5,
    }


def test_several_clicks_attribute_a_purchase_once(shop):
    clicks = [click(MORNING + minutes * MINUTE) for minutes in (0, 0, 10)]
    assert revenue(shop, *clicks, buy(MORNING + HOUR)) == {MORNING + HOUR: 5}


def test_refunds_of_what_was_attributed_are_taken_off(shop):
    refund = buy(MORNING + MINUTE, value="-5")
    assert revenue(shop, click(), buy(), refund) == {}


def test_the_item_s_price_stands_for_a_missing_value(shop):
    price(shop, "2.5")
    assert revenue(shop, click(), buy(value=None)) == {MORNING: Decimal("2.5")}


def test_a_changed_price_changes_attributed_sums_only_where_there_was_a_click(shop):
    far = MORNING + 3 * DAY
    revenue(shop, click(), buy(value=None), buy(far, value=None))
    price(shop, "3")
    assert revenue(shop) == {MORNING: 3}
    price(shop, "4")
    assert revenue(shop) == {MORNING: 4}
    assert stored(shop, "direct_revenue", 86400) == {MORNING.replace(hour=0): 4}
    assert stored(shop, "direct_orders") == {MORNING: 1}


def test_a_click_that_comes_late_attributes_what_was_bought_in_48_hours(shop):
    end = MORNING + 2 * DAY
    moments = [MORNING - MICROSECOND, MORNING, end, end + 10 * MINUTE]
    assert revenue(shop, *[buy(at) for at in moments]) == {}
    assert revenue(shop, click()) == {MORNING: 5, end: 5}


def test_lines_of_an_order_count_once_where_the_first_attributed_one_is(shop):
    events = [
        click(item="plate"),
        buy(MORNING + HOUR, item="cup", order="a"),
        buy(MORNING + 2 * HOUR, item="plate", order="a"),
        buy(MORNING + 3 * HOUR, item="plate", order="a"),
    ]
    assert orders(shop, *events) == {MORNING + 2 * HOUR: 1}
    assert revenue(shop) == {MORNING + 2 * HOUR: 5, MORNING + 3 * HOUR: 5}


def test_attributed_lines_of_an_order_at_the_same_moment_count_once(shop):
    lines = [buy(item=item, order="a") for item in ("cup", "plate", "fork")]
    assert orders(shop, click(), click(item="plate"), *lines) == {MORNING: 1}


def test_attributed_lines_without_an_order_are_orders_of_their_own(shop):
    assert orders(shop, click(), buy(), buy()) == {MORNING: 2}


def test_an_order_may_have_attributed_lines_of_several_users(shop):
    clicks = [click(user=user) for user in (1, 2)]
    lines = [buy(MORNING + user * HOUR, user=user, order="a") for user in (1, 2, 3)]
    assert orders(shop, *clicks, *lines) == {MORNING + HOUR: 1}


@pytest.mark.parametrize(
    ("pause", "count"), [(DAY, 1), (DAY + MICROSECOND, 2), (3 * DAY, 1)]
)
def test_an_attributed_line_counts_again_24_hours_after_the_last_one(
    shop, pause, count
):
    events = [click(), buy(order="a"), buy(MORNING + pause, order="a")]
    assert sum(orders(shop, *events).values()) == count


def test_lines_that_are_not_attributed_do_not_hold_an_order_together(shop):
    between = buy(MORNING + DAY, item="plate", order="a")
    ends = [buy(order="a"), buy(MORNING + 2 * DAY, order="a")]
    assert orders(shop, click(), between, *ends) == {MORNING: 1, MORNING + 2 * DAY: 1}
    assert orders(shop, click(item="plate")) == {MORNING: 1}


def test_a_click_that_comes_late_moves_the_order_72_hours_after_it(shop):
    """It attributes the line 48 hours later, which the next, a day later, follows."""
    first, second = MORNING + 2 * DAY, MORNING + 3 * DAY
    lines = [buy(first, order="a"), buy(second, item="plate", order="a")]
    assert orders(shop, click(second, item="plate"), *lines) == {second: 1}
    assert orders(shop, click()) == {first: 1}


def test_an_attributed_line_that_comes_late_moves_the_order(shop):
    later = MORNING + DAY
    assert orders(shop, click(), buy(later, order="a")) == {later: 1}
    assert orders(shop, buy(order="a")) == {MORNING: 1}
