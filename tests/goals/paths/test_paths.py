"""Goals keep the paths to them: an exact model, whatever the batches and the shards."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Namespace
from events import history
from events.keys import Shard
from goals import services
from goals.paths import combinations, queries
from pipeline import drain
from tests.events.builders import NOON, arrival, record
from tests.goals.paths.paths_model import Model, published

pytestmark = pytest.mark.django_db

LAWS = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = "abcdef"
shops = iter(range(10**6))


@dataclass(frozen=True)
class Event:
    name: str
    user: int
    value: Decimal | None
    ensure_goal: bool


@dataclass(frozen=True)
class Create:
    name: str


@dataclass(frozen=True)
class Drain:
    shards: list[int]


# Few users, names and shards, so that they meet often.
USERS = [0, 1, 2, 16, 17, 33]
names = st.sampled_from(NAMES)
events = st.builds(
    Event,
    names,
    st.sampled_from(USERS),
    st.none() | st.decimals(-10, 10, places=6),
    st.integers(0, 9).map(lambda chance: chance == 0),
)
drains = st.builds(Drain, st.lists(st.integers(0, 2), unique=True))
actions = st.one_of(events, events, events, events, st.builds(Create, names), drains)
histories = st.lists(actions, max_size=80)


@pytest.fixture
def new_shop(db):
    return lambda: Namespace.objects.create(name=f"shop {next(shops)}").pk


def happen(shop, action, model):
    """Lets an action happen to the product, and to the model."""
    if isinstance(action, Event):
        one = arrival(shop, action.name, action.user, value=action.value)
        record([one._replace(ensure_goal=action.ensure_goal)])
        model.event(
            action.name, action.user, action.value, ensure_goal=action.ensure_goal
        )
    elif isinstance(action, Create):
        services.create_goal(namespace_id=shop, name=action.name, at=NOON)
        model.goal(action.name)
    else:
        for shard in action.shards:
            drain.drain(Shard(shop, shard), at=NOON)


@LAWS
@given(histories, st.permutations([0, 1, 2]))
def test_paths_are_those_of_sets_in_order_of_arrival(new_shop, history, last):
    """Batches are cut anywhere, and shards drained in any order, or later."""
    shop, model = new_shop(), Model()
    for action in [*history, Drain(last)]:
        happen(shop, action, model)
    assert published(shop) == model.expected()
    assert set(queries.goals(namespace_id=shop).values()) == model.goals


@pytest.mark.parametrize("users", [1, 300])
def test_paths_cost_a_drain_the_same_queries_whatever_they_are(
    new_shop, django_assert_num_queries, users
):
    """Five more than without a goal: names, pages, singles, combinations twice."""
    shop = new_shop()
    names_of_all = [str(number) for number in range(50)]
    for name in names_of_all:
        services.create_goal(namespace_id=shop, name=name, at=NOON)
    record(arrival(shop, names_of_all[n % 50], 16 * (n % users)) for n in range(900))
    history.ensure([NOON.date()])
    with django_assert_num_queries(18):
        drain.drain(Shard(shop, 0), at=NOON)


def test_paths_are_kept_in_bounded_pieces(new_shop, monkeypatch):
    shop, model = new_shop(), Model()
    monkeypatch.setattr(combinations, "QUESTIONS", 20)
    services.create_goal(namespace_id=shop, name="buy", at=NOON)
    model.goal("buy")
    steps = [
        (step, user)
        for user in range(0, 1600, 16)
        for step in [*NAMES[: user % 7], "buy"]
    ]
    record(arrival(shop, step, user) for step, user in steps)
    for step, user in steps:
        model.event(step, user, None, ensure_goal=False)
    drain.drain_all(at=NOON)
    assert published(shop) == model.expected()
