"""A session starts with a visit, and with every session id that is new to it."""

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
PAUSE = 30 * MINUTE


@pytest.fixture
def shop() -> int:
    metric("sessions", Kind.SESSIONS)
    metric("buying_sessions", Kind.SESSIONS_WITH, "purchase")
    return namespace()


def view(at=MORNING, session=None, *, user=1):
    return event("view", at, session=session, user=user)


def buy(at=MORNING, session=None, *, user=1):
    return event("purchase", at, session=session, user=user)


def beats(days):
    """Returns a visit of so many days: an event every half hour, without session id."""
    return [view(MORNING + PAUSE * beat) for beat in range(48 * days + 1)]


def crowd(*minutes):
    """Returns events of others, each of whom comes once: they fill five minutes."""
    return [view(MORNING + MINUTE * one, user=100 + one) for one in minutes]


def sessions(shop, *events):
    """Returns the buckets after these events arrived together."""
    arrive(shop, events)
    aggregate(shop)
    return stored(shop, "sessions")


def buying(shop, *events):
    arrive(shop, events)
    aggregate(shop)
    return stored(shop, "buying_sessions")


def test_a_visit_of_events_of_any_name_is_one_session(shop):
    events = [view(), buy(MORNING + 10 * MINUTE), view(MORNING + 40 * MINUTE)]
    assert sessions(shop, *events) == {MORNING: 1}
    assert stored(shop, "sessions", 86400) == {MORNING.replace(hour=0): 1}


def test_an_event_30_minutes_after_the_last_one_is_of_the_same_visit(shop):
    assert sessions(shop, view(), view(MORNING + PAUSE)) == {MORNING: 1}


def test_an_event_more_than_30_minutes_after_the_last_one_starts_a_session(shop):
    later = view(MORNING + PAUSE + MICROSECOND)
    assert sessions(shop, view(), later) == {MORNING: 1, MORNING + PAUSE: 1}


def test_a_pause_is_as_long_amid_the_events_of_others(shop):
    others = crowd(*range(0, 40, 5))
    sessions(shop, *others, view(), view(MORNING + PAUSE))
    assert sum(stored(shop, "sessions").values()) == len(others) + 1


def test_a_pause_is_as_long_from_what_was_aggregated_before(shop):
    late = MORNING - MICROSECOND
    sessions(shop, view(late))
    others = crowd(*range(0, 30, 5))
    sessions(shop, *others, view(late + PAUSE))
    assert sum(stored(shop, "sessions").values()) == len(others) + 1


def test_events_at_the_same_moment_start_one_session(shop):
    assert sessions(shop, view(), view(), buy()) == {MORNING: 1}


def test_users_visit_on_their_own(shop):
    assert sessions(shop, view(user=1), view(user=2), view(user=17)) == {MORNING: 3}


def test_a_session_id_that_is_new_to_the_visit_starts_a_session(shop):
    later = MORNING + 20 * MINUTE
    events = [view(MORNING, "a"), view(later, "b"), view(later + PAUSE, "a")]
    assert sessions(shop, *events) == {MORNING: 1, later: 1}


def test_a_session_id_after_events_without_one_starts_a_session(shop):
    later = view(MORNING + 20 * MINUTE, "a")
    assert sessions(shop, view(), later) == {MORNING: 1, later.occurred_at: 1}


def test_events_without_session_id_start_no_session_within_a_visit(shop):
    assert sessions(shop, view(MORNING, "a"), view(MORNING + PAUSE)) == {MORNING: 1}


def test_session_ids_at_the_same_moment_start_a_session_each(shop):
    events = [view(MORNING, "a"), view(), view(MORNING, "b"), buy(MORNING, "a")]
    assert sessions(shop, *events) == {MORNING: 2}


def test_a_session_id_of_another_visit_starts_a_session_again(shop):
    back = MORNING + PAUSE + MICROSECOND
    events = [view(MORNING, "a"), view(back, "a")]
    assert sessions(shop, *events) == {MORNING: 1, MORNING + PAUSE: 1}


def test_a_session_id_of_another_user_is_another_session(shop):
    assert sessions(shop, view(MORNING, "a"), view(MORNING, "a", user=2)) == {
        MORNING: 2
    }


def test_a_visit_that_never_ends_is_one_session(shop):
    assert sessions(shop, *beats(days=3)) == {MORNING: 1}


def test_a_session_id_is_new_again_24_hours_after_it_was_last_seen(shop):
    def seen_again(after, user):
        return [
            one._replace(user_key=user)
            for one in [*beats(2), view(MORNING, "a"), view(MORNING + after, "a")]
        ]

    assert sessions(shop, *seen_again(DAY, user=1)) == {MORNING: 1}
    events = seen_again(DAY + MICROSECOND, user=17)
    assert sessions(shop, *events) == {MORNING: 2, MORNING + DAY: 1}


def test_an_event_that_comes_late_joins_two_visits(shop):
    far = MORNING + 2 * PAUSE
    assert sessions(shop, view(), view(far)) == {MORNING: 1, far: 1}
    assert sessions(shop, view(MORNING + PAUSE)) == {MORNING: 1}


def test_an_event_that_comes_late_begins_the_visit_earlier(shop):
    assert sessions(shop, view(MORNING + PAUSE)) == {MORNING + PAUSE: 1}
    assert sessions(shop, view()) == {MORNING: 1}


def test_joining_visits_unites_their_sessions_of_one_id_far_later(shop):
    events = [*beats(1), view(MORNING, "a"), view(MORNING + DAY, "a")]
    late = MORNING + 10 * HOUR
    torn = [one for one in events if one.occurred_at != late]
    assert sessions(shop, *torn) == {MORNING: 1, late + PAUSE: 1, MORNING + DAY: 1}
    assert sessions(shop, view(late)) == {MORNING: 1}


def test_a_session_id_that_comes_late_is_old_24_hours_later(shop):
    assert sessions(shop, *beats(1), view(MORNING + DAY, "a")) == {
        MORNING: 1,
        MORNING + DAY: 1,
    }
    assert sessions(shop, view(MORNING, "a")) == {MORNING: 1}


def test_a_session_with_purchases_counts_once_where_the_first_one_is(shop):
    events = [view(), buy(MORNING + PAUSE), buy(MORNING + 2 * PAUSE)]
    assert buying(shop, *events) == {MORNING + PAUSE: 1}


def test_purchases_at_the_same_moment_are_of_one_session(shop):
    assert buying(shop, buy(), buy()) == {MORNING: 1}


def test_a_session_without_purchase_does_not_count(shop):
    assert buying(shop, view(), view(MORNING, "a")) == {}


def test_a_purchase_without_session_id_is_of_the_session_before_it(shop):
    events = [view(MORNING, "a"), buy(MORNING + PAUSE), buy(MORNING + PAUSE, "a")]
    assert buying(shop, *events) == {MORNING + PAUSE: 1}


def test_a_purchase_without_session_id_is_of_the_latest_session_before_it(shop):
    def at(minutes):
        return MORNING + minutes * MINUTE

    events = [view(at(0), "a"), view(at(5), "b"), buy(at(10)), buy(at(15), "b")]
    assert buying(shop, *events) == {at(10): 1}
    assert buying(shop, buy(at(20), "a")) == {at(10): 1, at(20): 1}


def test_a_purchase_without_session_id_is_of_the_session_of_the_same_moment(shop):
    assert buying(shop, view(MORNING, "a"), buy(), buy(MORNING + PAUSE, "a")) == {
        MORNING: 1
    }


def test_a_purchase_before_any_session_id_is_of_a_session_without(shop):
    events = [buy(), buy(MORNING + PAUSE, "a"), buy(MORNING + PAUSE)]
    assert buying(shop, *events) == {MORNING: 1, MORNING + PAUSE: 1}


def test_a_purchase_after_a_pause_forgets_the_session_before_it(shop):
    back = MORNING + PAUSE + MICROSECOND
    events = [buy(MORNING, "a"), buy(back), buy(back + PAUSE, "a")]
    assert buying(shop, *events) == {
        MORNING: 1,
        MORNING + PAUSE: 1,
        MORNING + 2 * PAUSE: 1,
    }


@pytest.mark.parametrize(("after", "count"), [(DAY, 1), (DAY + MICROSECOND, 2)])
def test_a_session_sells_again_24_hours_after_it_last_did(shop, after, count):
    events = [*beats(2), buy(), buy(MORNING + after)]
    assert sum(buying(shop, *events).values()) == count


@pytest.mark.parametrize(("after", "count"), [(DAY, 1), (DAY + MICROSECOND, 2)])
def test_a_session_id_is_remembered_for_24_hours(shop, after, count):
    """Later, a purchase without one is of a session without."""
    events = [*beats(2), view(MORNING, "a"), buy(MORNING + HOUR)]
    assert sum(buying(shop, *events, buy(MORNING + after)).values()) == count


def test_a_session_id_that_comes_late_moves_purchases_into_its_session(shop):
    events = [buy(MORNING, "a"), view(MORNING + MINUTE, "b"), buy(MORNING + PAUSE)]
    assert buying(shop, *events) == {MORNING: 1, MORNING + PAUSE: 1}
    assert buying(shop, view(MORNING + 2 * MINUTE, "a")) == {MORNING: 1}


def test_a_session_id_that_comes_late_changes_what_sells_48_hours_later(shop):
    """It names the session of a purchase, which another purchase then repeats."""
    first, second = MORNING + DAY, MORNING + 2 * DAY
    events = [*beats(2), buy(first), view(first + HOUR, "b"), buy(second)]
    assert buying(shop, *events) == {first: 1, second: 1}
    assert buying(shop, view(MORNING, "b")) == {first: 1}


def test_joining_visits_joins_what_was_bought_in_them(shop):
    far = MORNING + 2 * PAUSE
    assert buying(shop, buy(), buy(far)) == {MORNING: 1, far: 1}
    assert buying(shop, view(MORNING + PAUSE)) == {MORNING: 1}
