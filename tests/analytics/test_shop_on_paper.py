"""Four days of a small shop whose numbers were worked out by hand."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from zoneinfo import ZoneInfo

import pytest

from analytics.catalogue import services
from analytics.series import values as series
from events import services as intake
from events.arrivals import Arrival
from tests.analytics.builders import (
    NOON,
    aggregate,
    arrive,
    event,
    namespace,
    stored,
)
from timegrid.buckets import Granularity
from timegrid.periods import Period

pytestmark = pytest.mark.django_db

# One event a line: day of March, time, user, session, event, item, order, value ("-"
# is absent) | what it counts for: revenue (its value, else the item's price), DIRECT
# (the same, after a click), order, ORDER (with a line after a click), session, buying
# (a session's first purchase). "late": it arrives when the others are aggregated.
PAPER = """
1 09:00           ann s1 shown cup   - -    | session
1 09:02           ann s1 click cup   - -    |
1 09:10           ann s1 buy   cup   A 10   | revenue DIRECT order ORDER buying
1 09:10           ann s1 buy   plate A 6    | revenue
1 09:40           ann -  buy   fork  A 4    | revenue
1 10:10:00.000001 ann s1 look  plate - -    | session
1 10:20           ann s2 look  plate - -    | session
1 10:25           ann -  buy   plate B 6    | revenue order buying
1 10:30           ann s2 buy   cup   B 10   | revenue DIRECT ORDER
1 10:35           ann s1 buy   mug   - 2.50 | revenue order buying
1 12:00           bob -  click lamp  - -    | session
1 12:31           bob -  shown lamp  - -    | session
1 20:00           bob x1 shown cup   - -    | session
1 20:00           bob x1 shown plate - -    |
2 08:00           cyd -  shown cup   - -    | session
2 08:00           cyd -  shown plate - -    |
2 08:05           cyd -  click cup   - -    |                                      late
2 08:06           cyd c1 click plate - -    | session
2 08:10           cyd -  buy   cup   C -    | revenue DIRECT order ORDER buying
2 08:10           cyd c1 buy   plate C 6    | revenue DIRECT
2 23:50           bob -  buy   cup   D 10   | revenue order session buying         late
3 00:10           bob -  buy   plate D 6    | revenue
3 08:10           cyd -  buy   fork  C 4    | revenue session buying
3 09:02           ann -  buy   cup   E 10   | revenue DIRECT order ORDER session buying
3 09:02:00.000001 ann -  buy   cup   F 10   | revenue order
3 12:00           bob -  buy   lamp  G 20   | revenue DIRECT order ORDER session buying
3 12:10           bob -  buy   lamp  G -5   | revenue
3 14:00           cyd -  look  mug   - -    | session
3 14:25           cyd -  look  mug   - -    |                                      late
3 14:50           cyd -  shown mug   - -    |
4 08:10:00.000001 cyd -  buy   fork  C 4    | revenue order session buying
4 09:00           bob b1 shown lamp  - -    | session
4 09:05           bob b1 click lamp  - -    |
4 09:30           bob -  buy   lamp  H -    | revenue DIRECT order ORDER buying
4 09:31           bob b1 cart  lamp  - -    |
4 09:44           ann -  shown cup   - -    | session
4 09:45           ann -  click cup   - -    |
4 09:45           ann -  buy   cup   I 10   | revenue DIRECT order ORDER buying
4 10:00           dan -  buy   mug   I 2.50 | revenue session buying
"""
PRICES = {"cup": Decimal(8), "lamp": Decimal("20.25")}
USERS = {"ann": 1, "bob": 2, "cyd": 17, "dan": 33}
NAMES = {
    "purchase": "buy",
    "recommendation_click": "click",
    "recommendation_view": "shown",
    "product_view": "look",
}
DAYS = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
# Per day, then over all of them.
METRICS = {
    "total_revenue": ("38.5", "24", "45", "36.75", "144.25"),
    "direct_revenue": ("20", "14", "30", "30.25", "94.25"),
    "count_orders": ("3", "2", "3", "3", "11"),
    "count_direct_orders": ("2", "1", "2", "2", "7"),
    "count_sessions": ("6", "3", "4", "4", "17"),
    "count_sessions_w_purchases": ("3", "2", "3", "4", "12"),
    "count_recommendation_views": ("4", "2", "1", "2", "9"),
    "count_recommendation_clicks": ("2", "2", "0", "2", "6"),
    "count_product_views": ("2", "0", "2", "0", "4"),
}
KPIS = {
    "direct_revenue": ("20", "14", "30", "30.25", "94.25"),
    "total_revenue": ("38.5", "24", "45", "36.75", "144.25"),
    "direct_revenue_share": ("4000/77", "175/3", "200/3", "12100/147", "37700/577"),
    "aov": ("77/6", "12", "15", "49/4", "577/44"),
    "conversion_rate": ("50", "200/3", "75", "100", "1200/17"),
    "click_through_rate": ("50", "100", "0", "100", "200/3"),
    "revenue_per_session": ("77/12", "8", "45/4", "147/16", "577/68"),
    "count_orders": ("3", "2", "3", "3", "11"),
    "count_sessions": ("6", "3", "4", "4", "17"),
}
COUNTED_FOR = {
    "revenue": "total_revenue",
    "DIRECT": "direct_revenue",
    "order": "count_orders",
    "ORDER": "count_direct_orders",
    "session": "count_sessions",
    "buying": "count_sessions_w_purchases",
}

Line = tuple[Arrival, set[str]]  # an event, and what stands to its right


def read(line: str) -> Line:
    what, marks = line.split("|")
    day, time, user, *ids, value = what.split()
    session, name, item, order = [None if one == "-" else one for one in ids]
    at = datetime.fromisoformat(f"2026-03-0{day} {time}+00:00")
    one = event(
        str(name),
        at,
        user=USERS[user],
        value=None if value == "-" else value,
        item=item,
        order=order,
        session=session,
    )
    return one, set(marks.split())


LINES = [read(line) for line in PAPER.strip().splitlines()]


@pytest.fixture
def shop() -> int:
    services.load_catalogue(event_names=NAMES)
    shop = namespace()
    intake.put_prices(namespace_id=shop, prices=PRICES, at=NOON)
    return shop


def happen(shop: int, *batches: Iterable[Line]) -> None:
    for batch in batches:
        arrive(shop, [one for one, _ in batch])
        aggregate(shop)


def in_time() -> list[Line]:
    return [line for line in LINES if "late" not in line[1]]


def late() -> list[Line]:
    return [line for line in LINES if "late" in line[1]]


def marked(mark: str) -> dict[datetime, Decimal]:
    """Returns the five-minute buckets that the marks on paper add up to."""
    sums: dict[datetime, Decimal] = {}
    for one, marks in LINES:
        if mark in marks:
            at = one.occurred_at
            start_at = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)
            amount = worth(one) if mark in ("revenue", "DIRECT") else Decimal(1)
            sums[start_at] = sums.get(start_at, Decimal(0)) + amount
    return sums


def worth(one: Arrival) -> Decimal:
    return PRICES[str(one.item_id)] if one.value is None else one.value


def check(shop: int) -> None:
    """Compares everything that is stored and shown with what is on paper."""
    for mark, name in COUNTED_FOR.items():
        assert stored(shop, name) == marked(mark), name
    for name, (*days, total) in METRICS.items():
        found = stored(shop, name, 86400)
        assert [found.get(day, 0) for day in DAYS] == [Decimal(one) for one in days]
        assert sum(found.values()) == Decimal(total)
    period = Period(DAYS[0], NOON, Granularity.DAY, ZoneInfo("UTC"))
    table = series.kpi_values(
        namespace_id=shop, names=list(KPIS), period=period, now=NOON
    )
    for column in table.columns:
        numbers = [float(Fraction(one)) for one in KPIS[column.name]]
        assert [*column.values, column.aggregate] == numbers, column.name
    assert {column.name for column in table.columns} == set(KPIS)


def test_the_numbers_are_those_on_paper(shop):
    happen(shop, in_time(), late())
    check(shop)


def test_before_the_late_events_came_other_numbers_were_right(shop):
    happen(shop, in_time())
    midnight = DAYS[2] + timedelta(minutes=10)
    assert stored(shop, "count_orders")[midnight] == 1  # the rest of order D
    assert stored(shop, "count_orders", 86400)[DAYS[1]] == 1
    assert stored(shop, "direct_revenue", 86400)[DAYS[1]] == 6  # the plate of order C
    assert stored(shop, "count_sessions", 86400)[DAYS[2]] == 6  # the mug, twice; bob


@pytest.mark.parametrize("seed", range(4))
def test_they_are_the_same_in_any_order_of_arrival(shop, seed):
    lines = list(LINES)
    Random(seed).shuffle(lines)
    happen(shop, lines[:5], lines[5:12], lines[12:30], lines[30:])
    check(shop)


def test_they_are_the_same_event_by_event_from_the_last_to_the_first(shop):
    happen(shop, *[[line] for line in reversed(LINES)])
    check(shop)
