"""`GET /metrics/counters` and `/metrics/predictions`, as Prometheus reads them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Namespace
from events import keys, names
from goals import exposition, services
from goals.counters import hashing
from goals.models import Counter
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
COUNTERS, PREDICTIONS = "/metrics/counters", "/metrics/predictions"
# As Prometheus 3 sends it.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
SHOP_COUNTERS = """\
# HELP kimball_counter Unique users of an event name, or of all: global_counter.
# TYPE kimball_counter gauge
kimball_counter{kimball_namespace="shop",name="global_counter"} 5.0
kimball_counter{kimball_namespace="shop",name="view"} 4.0
kimball_counter{kimball_namespace="shop",name="buy"} 2.0
# HELP kimball_counters Counters in all.
# TYPE kimball_counters gauge
kimball_counters 3.0
# HELP abacus_series_left_out Series of this page that are not shown: 1,000 are, the \
largest.
# TYPE abacus_series_left_out gauge
abacus_series_left_out 0.0
"""
SHOP_PREDICTIONS = """\
# HELP kimball_bayes_prediction Share of an event's users who reached the goal after \
it, 0 to 1.
# TYPE kimball_bayes_prediction gauge
kimball_bayes_prediction{event="view",goal="buy",kimball_namespace="shop"} 0.25
# HELP abacus_series_left_out Series of this page that are not shown: 1,000 are, the \
largest.
# TYPE abacus_series_left_out gauge
abacus_series_left_out 0.0
"""


def drained(namespace, *steps):
    """Counts (event name, user) pairs of a namespace, in this order, in one shard."""
    record(arrival(namespace.pk, name, user * keys.SHARDS + 1) for name, user in steps)
    drain.drain_all(at=NOON)


def goal(namespace, name):
    services.create_goal(namespace_id=namespace.pk, name=name, at=NOON)


def views_and_buys(namespace, views=4):
    """Users 1 to `views` view; then the first of them buys, and one who never did."""
    goal(namespace, "buy")
    drained(namespace, *[("view", user) for user in range(1, views + 1)])
    drained(namespace, ("buy", 1), ("buy", 900))


def scraped(client, url):
    """Returns name → labels, in their order → value, as Prometheus understands it."""
    answer = client.get(url)
    assert answer.status_code == 200
    return {
        family.name: {
            tuple(value for _, value in sorted(one.labels.items())): one.value
            for one in family.samples
        }
        for family in text_string_to_metric_families(answer.content.decode())
    }


def left_out(client, url):
    return scraped(client, url)["abacus_series_left_out"][()]


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("url", "text"), [(COUNTERS, SHOP_COUNTERS), (PREDICTIONS, SHOP_PREDICTIONS)]
)
def test_a_small_shop_is_this_text(backend, shop, url, text, slash):
    views_and_buys(shop)
    answer = backend.get(url + slash)
    assert answer.content.decode() == text
    kind = "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Content-Type"] == kind


@pytest.mark.parametrize(
    ("url", "text"), [(COUNTERS, SHOP_COUNTERS), (PREDICTIONS, SHOP_PREDICTIONS)]
)
def test_one_namespace_can_be_asked_for(root, shop, url, text):
    views_and_buys(shop)
    views_and_buys(Namespace.objects.create(name="elsewhere"))
    assert root.get(url, {"namespace": "shop"}).content.decode() == text
    assert "kimball_namespace=" not in root.get(f"{url}?namespace=no").content.decode()


@pytest.mark.parametrize("url", [COUNTERS, PREDICTIONS])
def test_before_the_first_event_nothing_is_counted_or_left_out(root, url):
    found = scraped(root, url)
    assert found.pop("kimball_counters", {(): 0}) == {(): 0}
    assert found.pop("abacus_series_left_out") == {(): 0}
    assert list(found.values()) == [{}]


def test_a_gauge_is_the_count_that_the_analytics_show(backend, shop):
    drained(shop, *[(f"event {user % 7}", user) for user in range(200)])
    counts = backend.get("/v0/analytics").json()["counts"]
    expected = {("shop", one["name"]): one["count"] for one in counts}
    assert scraped(backend, COUNTERS)["kimball_counter"] == expected


def test_a_gauge_is_the_prediction_that_the_api_shows(backend, shop):
    views_and_buys(shop, views=7)
    goals = backend.get("/v0/predictions").json()["goals"]
    found = scraped(backend, PREDICTIONS)["kimball_bayes_prediction"]
    assert found == {("view", "buy", "shop"): goals["buy"]["events"]["view"]["bayes"]}
    assert found == {("view", "buy", "shop"): 1 / 7}


@pytest.mark.parametrize(
    "accept", [ACCEPT, "text/plain", "*/*", "text/html", "application/json", "no"]
)
@pytest.mark.parametrize("url", [COUNTERS, PREDICTIONS])
def test_whatever_is_accepted_the_answer_is_text(backend, url, accept):
    answer = backend.get(url, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("accept", [ACCEPT, "text/plain", "*/*"])
@pytest.mark.parametrize("url", [COUNTERS, PREDICTIONS])
def test_an_error_is_json_in_its_shape(client, url, accept):
    answer = client.get(url, headers={"Accept": accept})
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["error_name"] == "AuthError"


STRANGE = ['a "quote"', "back\\slash", "{brace=}, 1", "日本 \U0001f6d2", "\u2028 new"]


@pytest.mark.parametrize("name", STRANGE)
def test_any_name_is_read_back_as_it_was_sent(client_of, name):
    place = Namespace.objects.create(name=name)
    client = client_of("backend", name)
    goal(place, name + "!")
    drained(place, (name, 1), (name + "!", 1))
    counters = scraped(client, COUNTERS)["kimball_counter"]
    assert counters.keys() == {
        (name, name),
        (name, name + "!"),
        (name, "global_counter"),
    }
    predictions = scraped(client, PREDICTIONS)["kimball_bayes_prediction"]
    assert predictions == {(name, name + "!", name): 1}


def test_a_line_is_escaped_as_the_format_asks(backend, shop):
    drained(shop, ('a"b\\c', 1))
    label = r'kimball_counter{kimball_namespace="shop",name="a\"b\\c"} 1.0'
    assert label in backend.get(COUNTERS).content.decode().split("\n")


def test_an_event_named_like_the_global_counter_is_left_out(backend, shop):
    drained(shop, ("global_counter", 1), ("view", 2))
    found = scraped(backend, COUNTERS)
    assert found["kimball_counter"] == {
        ("shop", "global_counter"): 2,
        ("shop", "view"): 1,
    }
    assert found["kimball_counters"] == {(): 3}
    assert found["abacus_series_left_out"] == {(): 1}
    text = backend.get(COUNTERS).content.decode()
    assert text.count('name="global_counter"') == 1


def test_the_largest_counters_are_shown_and_the_others_counted(
    backend, shop, monkeypatch
):
    monkeypatch.setattr(exposition, "MOST_SERIES", 2)
    drained(shop, *[("many", user) for user in range(20)], ("few", 1), ("a", 2))
    found = scraped(backend, COUNTERS)
    assert found["kimball_counter"].keys() == {
        ("shop", "global_counter"),
        ("shop", "many"),
    }
    assert found["kimball_counters"] == {(): 4}
    assert found["abacus_series_left_out"] == {(): 2}


def test_the_predictions_from_the_largest_events_are_shown(backend, shop, monkeypatch):
    monkeypatch.setattr(exposition, "MOST_SERIES", 1)
    goal(shop, "buy")
    # "rare" has fewer users, though more of them buy.
    drained(shop, *[("view", user) for user in range(2, 11)])
    drained(shop, ("rare", 1), ("rare", 2), ("buy", 1), ("buy", 2))
    found = scraped(backend, PREDICTIONS)
    assert found["kimball_bayes_prediction"] == {("view", "buy", "shop"): 1 / 9}
    assert found["abacus_series_left_out"] == {(): 1}


@pytest.mark.parametrize("url", [COUNTERS, PREDICTIONS])
def test_the_limit_is_of_all_namespaces_together(client_of, shop, url, monkeypatch):
    monkeypatch.setattr(exposition, "MOST_SERIES", 3)
    other = Namespace.objects.create(name="other")
    for place in (shop, other):
        for name in ("a", "b", "c"):
            goal(place, name)
        drained(place, ("a", 1), ("b", 1), ("c", 1))
    shown = {COUNTERS: 8, PREDICTIONS: 6}[url] - 3
    assert left_out(client_of("backend", "shop", "other"), url) == shown


def test_others_see_their_own_namespaces_and_root_sees_all(
    root, backend, stranger, shop
):
    views_and_buys(shop)
    views_and_buys(Namespace.objects.get(name="elsewhere"), views=2)

    def places(client):
        counters = scraped(client, COUNTERS)
        predictions = scraped(client, PREDICTIONS)
        shown = {place for place, _ in counters["kimball_counter"]}
        assert shown == {
            place for _, _, place in predictions["kimball_bayes_prediction"]
        }
        return shown, counters["kimball_counters"][()]

    assert places(backend) == ({"shop"}, 3)
    assert places(stranger) == ({"elsewhere"}, 3)
    assert places(root) == ({"shop", "elsewhere"}, 6)


def test_an_account_without_a_namespace_sees_nothing(client_of, shop):
    drained(shop, ("view", 1))
    found = scraped(client_of("backend", name="lonely"), COUNTERS)
    assert found["kimball_counter"] == {}
    assert found["kimball_counters"] == {(): 0}


@pytest.mark.parametrize("url", [COUNTERS, PREDICTIONS])
def test_a_scrape_costs_four_queries_whatever_the_number_of_namespaces(
    root, url, django_assert_num_queries
):
    for number in range(5):
        views_and_buys(Namespace.objects.create(name=f"shop {number}"))
        with django_assert_num_queries(4):  # token, namespaces, numbers, names
            root.get(url)
    assert len(scraped(root, PREDICTIONS)["kimball_bayes_prediction"]) == 5


def test_a_saturated_counter_shows_its_estimate(backend, shop):
    views_and_buys(shop)
    view = names.ids(namespace_ids=[shop.pk], names=["view"])[shop.pk, "view"]
    # Shard 0 has taken more users than its filter can tell apart.
    seen = hashing.LAYOUT.capacity + 1
    Counter.objects.create(
        namespace=shop,
        shard=0,
        event_name_id=view,
        count=seen,
        bits_set=hashing.LAYOUT.slices[-1] * hashing.PAGE_BITS * 9 // 10,
        version=hashing.VERSION,
    )
    counts = backend.get("/v0/analytics").json()["counts"]
    [told] = [one for one in counts if one["saturated"]]
    assert (told["name"], told["count"] > 2 * seen) == ("view", True)
    users = scraped(backend, COUNTERS)["kimball_counter"]
    assert users["shop", "view"] == told["count"]
    shares = scraped(backend, PREDICTIONS)["kimball_bayes_prediction"]
    assert shares["view", "buy", "shop"] == 1 / told["count"]
