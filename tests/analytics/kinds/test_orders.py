"""An order counts once, in the bucket of its first line."""

import pytest

from analytics.models import Kind
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

MORNING = NOON - 3 * DAY


@pytest.fixture
def shop() -> int:
    metric("orders", Kind.ORDERS, "purchase")
    return namespace()


def line(at=MORNING, *, order=None, user=1):
    return event("purchase", at, order=order, user=user)


def orders(shop, *lines):
    """Returns the buckets after these lines arrived together."""
    arrive(shop, lines)
    aggregate(shop)
    return stored(shop, "orders")


def test_lines_without_an_order_are_orders_of_their_own(shop):
    assert orders(shop, line(), line(), line(MORNING + HOUR)) == {
        MORNING: 2,
        MORNING + HOUR: 1,
    }


def test_lines_of_an_order_count_once_where_the_first_one_is(shop):
    lines = [line(MORNING + MINUTE * wait, order="a") for wait in (7, 0, 61)]
    assert orders(shop, *lines) == {MORNING: 1}
    assert stored(shop, "orders", 3600) == {MORNING: 1}
    assert stored(shop, "orders", 86400) == {MORNING.replace(hour=0): 1}


def test_lines_of_an_order_at_the_same_moment_count_once(shop):
    assert orders(shop, *[line(order="a")] * 3) == {MORNING: 1}


def test_orders_are_told_apart_by_their_id(shop):
    assert orders(shop, line(order="a"), line(order="b")) == {MORNING: 2}


def test_an_order_may_have_lines_of_several_users(shop):
    lines = [line(MORNING + user * HOUR, order="a", user=user) for user in (1, 2, 3)]
    assert orders(shop, *lines) == {MORNING + HOUR: 1}


def test_an_order_belongs_to_its_namespace(shop):
    other = namespace()
    assert orders(shop, line(order="a")) == {MORNING: 1}
    assert orders(other, line(MORNING + HOUR, order="a")) == {MORNING + HOUR: 1}


def test_only_events_of_the_name_are_lines(shop):
    refund = event("refund", MORNING - HOUR, order="a")
    assert orders(shop, refund, line(order="a")) == {MORNING: 1}


def test_a_line_24_hours_after_the_last_one_is_of_the_same_order(shop):
    assert orders(shop, line(order="a"), line(MORNING + DAY, order="a")) == {MORNING: 1}


def test_a_line_more_than_24_hours_after_the_last_one_is_an_order_again(shop):
    again = MORNING + DAY + MICROSECOND
    assert orders(shop, line(order="a"), line(again, order="a")) == {
        MORNING: 1,
        MORNING + DAY: 1,
    }


def test_an_order_whose_lines_never_pause_for_a_day_counts_once(shop):
    lines = [line(MORNING + wait * 20 * HOUR, order="a") for wait in range(4)]
    assert orders(shop, *lines) == {MORNING: 1}


def test_an_earlier_line_that_comes_late_moves_the_order(shop):
    orders(shop, line(MORNING + DAY, order="a"))
    assert orders(shop, line(order="a", user=2)) == {MORNING: 1}
    assert stored(shop, "orders", 86400) == {MORNING.replace(hour=0): 1}


def test_a_line_that_comes_late_joins_two_orders(shop):
    ends = [line(order="a"), line(MORNING + 2 * DAY, order="a")]
    assert orders(shop, *ends) == {MORNING: 1, MORNING + 2 * DAY: 1}
    assert orders(shop, line(MORNING + DAY, order="a")) == {MORNING: 1}


def test_a_later_line_that_comes_in_a_later_batch_changes_nothing(shop):
    orders(shop, line(order="a"))
    assert orders(shop, line(MORNING + HOUR, order="a")) == {MORNING: 1}
