"""The story the simulated shop tells."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.shop import SHOP_TIME, Event, Shop

MONDAY = datetime(2026, 3, 2, tzinfo=SHOP_TIME)
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)


def when(event: Event) -> datetime:
    return datetime.fromisoformat(str(event["datetime"]))


def visit_of(event: Event) -> str:
    return str(event["event_id"]).rpartition("-")[0]


def small_shop(seed: int = 7) -> Shop:
    return Shop(seed=seed, rate=0.3)


@pytest.fixture(scope="module")
def week() -> list[Event]:
    return list(Shop(seed=7, rate=0.2).events(MONDAY, MONDAY + WEEK))


@pytest.fixture(scope="module")
def visits(week: list[Event]) -> list[list[Event]]:
    by_visit: dict[str, list[Event]] = defaultdict(list)
    for event in week:
        by_visit[visit_of(event)].append(event)
    return list(by_visit.values())


def test_the_same_seed_tells_the_same_story() -> None:
    told = [list(small_shop().events(MONDAY, MONDAY + HOUR)) for _ in range(2)]
    assert told[0] == told[1] != []


def test_shops_of_other_seeds_or_rates_share_no_event_id() -> None:
    shops = [Shop(seed=seed, rate=rate) for seed, rate in [(1, 1), (2, 1), (1, 2)]]
    told = [list(shop.events(MONDAY, MONDAY + HOUR)) for shop in shops]
    ids = {event["event_id"] for story in told for event in story}
    assert len(ids) == sum(map(len, told))


@settings(max_examples=20)
@given(st.lists(st.integers(0, 7_200_000_000), max_size=4))
def test_the_parts_of_a_span_cut_anywhere_make_the_whole(cuts: list[int]) -> None:
    end = MONDAY + 2 * HOUR
    bounds = [MONDAY, *(MONDAY + timedelta(microseconds=cut) for cut in sorted(cuts))]
    parts = [small_shop().events(*span) for span in pairwise([*bounds, end])]
    whole = list(small_shop().events(MONDAY, end))
    assert [event for part in parts for event in part] == whole


def test_long_visits_go_on_wherever_the_shop_is_opened(
    visits: list[list[Event]],
) -> None:
    longest = sorted(visits, key=lambda visit: when(visit[-1]) - when(visit[0]))[-20:]
    assert when(longest[-1][-1]) - when(longest[-1][0]) > timedelta(minutes=10)
    for visit in longest:
        last = when(visit[-1])
        opened = Shop(seed=7, rate=0.2).events(last, last + timedelta(seconds=1))
        assert visit[-1] in opened


@given(st.integers(-7_200_000_000, 0), st.integers(0, 7_200_000_000))
@settings(max_examples=20)
def test_events_come_in_order_and_inside_the_span(before: int, after: int) -> None:
    start, end = (MONDAY + timedelta(microseconds=cut) for cut in (before, after))
    times = [when(event) for event in small_shop().events(start, end)]
    assert times == sorted(times)
    assert all(start <= at < end for at in times)


def test_an_event_at_the_cut_belongs_to_the_later_part() -> None:
    whole = list(small_shop().events(MONDAY, MONDAY + HOUR))
    at = when(whole[9])
    assert whole[9] not in small_shop().events(MONDAY, at)
    assert whole[9] in small_shop().events(at, MONDAY + HOUR)


def test_an_empty_span_has_no_events() -> None:
    assert list(small_shop().events(MONDAY, MONDAY)) == []
    assert list(small_shop().events(MONDAY, MONDAY - HOUR)) == []


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_shop_without_events_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        Shop(seed=1, rate=rate)


def test_every_event_has_the_form_of_the_api(week: list[Event]) -> None:
    always = {
        *("event_name", "user_id", "namespace", "datetime"),
        *("item_id", "event_id"),
    }
    order = {"order_id", "ensure_goal"}
    for event in week:
        purchase = event["event_name"] == "purchase"
        expected = always | order if purchase else always
        assert event.keys() - {"value", "session_id"} == expected
        assert ("value" in event) <= purchase
        assert event.get("ensure_goal", True) is True
        assert when(event).utcoffset() is not None


def test_the_namespace_is_the_asked_one() -> None:
    shop = Shop(seed=7, rate=0.3, namespace="blue")
    told = shop.events(MONDAY, MONDAY + HOUR)
    assert {event["namespace"] for event in told} == {"blue"}


def test_a_session_is_a_visit_where_the_browser_lets_itself_be_recognised(
    visits: list[list[Event]],
) -> None:
    told = [{event.get("session_id") for event in visit} - {None} for visit in visits]
    sessions = [session for (session,) in filter(None, told)]
    assert len(set(sessions)) == len(sessions)
    assert 0.15 < 1 - len(sessions) / len(visits) < 0.25
    nameless: dict[object, set[bool]] = defaultdict(set)
    for visit, found in zip(visits, told, strict=True):
        nameless[visit[0]["user_id"]].add(not found)
    assert all(len(natures) == 1 for natures in nameless.values())


def test_the_backend_reports_some_orders_without_a_session(
    visits: list[list[Event]],
) -> None:
    orders = [
        [event for event in visit if event["event_name"] == "purchase"]
        for visit in visits
        if "session_id" in visit[0]
    ]
    named = [{"session_id" in line for line in lines} for lines in orders if lines]
    assert all(len(found) == 1 for found in named)
    assert 0.2 < named.count({False}) / len(named) < 0.4


def test_event_ids_are_unique(week: list[Event]) -> None:
    assert len({event["event_id"] for event in week}) == len(week)


def test_values_are_the_prices_and_a_few_are_left_out(week: list[Event]) -> None:
    prices = {price["item_id"]: price["price"] for price in small_shop().prices()}
    lines = [event for event in week if event["event_name"] == "purchase"]
    valued = [line for line in lines if "value" in line]
    assert all(line["value"] == prices[line["item_id"]] for line in valued)
    assert 0.01 < 1 - len(valued) / len(lines) < 0.06


def test_prices_are_positive_whole_cents() -> None:
    prices = [price["price"] for price in small_shop().prices()]
    assert len(prices) == 200
    assert all(isinstance(price, float) and price > 1 for price in prices)
    assert all(round(float(price), 2) == price for price in prices)


def test_the_lines_of_an_order_share_moment_customer_and_session(
    week: list[Event],
) -> None:
    orders: dict[object, list[Event]] = defaultdict(list)
    for event in week:
        if event["event_name"] == "purchase":
            orders[event["order_id"]].append(event)
    shared = ("datetime", "user_id", "session_id")
    for lines in orders.values():
        assert len({tuple(line.get(name) for name in shared) for line in lines}) == 1
        assert len({visit_of(line) for line in lines}) == 1
    assert 1.2 < sum(map(len, orders.values())) / len(orders) < 2


def test_the_rate_is_the_mean_of_a_week(week: list[Event]) -> None:
    assert len(week) / WEEK.total_seconds() == pytest.approx(0.2, rel=0.05)


def test_nights_are_quiet_evenings_busy_and_sundays_busiest(week: list[Event]) -> None:
    hours = Counter(when(event).hour for event in week)
    days = Counter(when(event).weekday() for event in week)
    assert max(hours[hour] for hour in range(1, 6)) * 5 < min(hours[19], hours[20])
    assert max(days, key=days.__getitem__) == 6


def test_a_few_per_cent_of_visits_end_in_an_order(visits: list[list[Event]]) -> None:
    bought = sum(visit[-1]["event_name"] == "purchase" for visit in visits)
    assert 0.02 < bought / len(visits) < 0.06


def test_no_visit_pauses_for_half_an_hour(visits: list[list[Event]]) -> None:
    pauses = [
        when(later) - when(event)
        for visit in visits
        for event, later in pairwise(visit)
    ]
    assert max(pauses) < timedelta(minutes=30)


def test_customers_return_and_new_ones_keep_coming(visits: list[list[Event]]) -> None:
    known: set[object] = set()
    last_day = []
    for visit in visits:
        if when(visit[0]) >= MONDAY + WEEK - timedelta(days=1):
            last_day.append(visit[0]["user_id"] in known)
        known.add(visit[0]["user_id"])
    assert 0.25 < sum(last_day) / len(last_day) < 0.6


def test_some_orders_follow_a_click_of_an_earlier_visit(week: list[Event]) -> None:
    clicks: dict[tuple[object, object], Event] = {}
    direct = earlier = lines = 0
    for event in week:
        key = (event["user_id"], event["item_id"])
        if event["event_name"] == "recommendation_click":
            clicks[key] = event
        elif event["event_name"] == "purchase":
            lines += 1
            click = clicks.get(key)
            if click and when(event) - when(click) <= timedelta(hours=48):
                direct += 1
                earlier += visit_of(click) != visit_of(event)
    assert 0.1 < direct / lines < 0.35
    assert 0.03 < earlier / lines < 0.2


def test_few_items_get_much_of_the_attention(week: list[Event]) -> None:
    seen = Counter(event["item_id"] for event in week)
    tenth = sum(count for _, count in seen.most_common(20))
    assert len(seen) == 200
    assert 0.3 < tenth / len(week) < 0.7
