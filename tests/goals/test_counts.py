"""`GET /v0/analytics`: the counts of a namespace, in the published shape and ours."""

import pytest

from accounts.models import Namespace
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
URL = "/v0/analytics"


def drained(*arrivals):
    record(arrivals)
    drain.drain_all(at=NOON)


def counts(client, url=URL, **query):
    answer = client.get(url, query)
    assert answer.status_code == 200
    return answer.json()["counts"]


@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_a_count_has_the_published_shape_and_bounds(backend, shop, url):
    drained(arrival(shop.pk, "view", 1, value="2.5"), arrival(shop.pk, "view", 2))
    everybody, view = counts(backend, url)
    assert view == {
        "name": "view",
        "type": "named",
        "count": 2,
        "lower": 2,
        "upper": 2,
        "saturated": False,
        "single_event_counts": [],
        "event_counts": [{"events": [], "count": 2}],
        "value": {"sum": 2.5},
    }
    assert everybody == {**view, "name": "global_counter", "type": "internal"}


def test_shards_add_up(backend, shop):
    drained(*[arrival(shop.pk, f"{user % 3}", user, value=1) for user in range(48)])
    everybody, *named = counts(backend)
    assert [one["count"] for one in named] == [16, 16, 16]
    assert (everybody["count"], everybody["value"]) == (48, {"sum": 48})


def test_without_a_value_the_value_is_empty(backend, shop):
    drained(arrival(shop.pk))
    assert [one["value"] for one in counts(backend)] == [{}, {}]


@pytest.mark.parametrize(
    ("value", "written"), [("0", "0"), ("-5", "-5"), ("1e12", "1000000000000")]
)
def test_whole_sums_stay_whole(backend, shop, value, written):
    drained(arrival(shop.pk, value=value))
    assert f'"value":{{"sum":{written}}}'.encode() in backend.get(URL).content


def test_an_event_that_waits_is_not_counted(backend, shop):
    record([arrival(shop.pk)])
    assert counts(backend) == []


def test_a_count_is_of_one_namespace(root, backend, shop):
    other = Namespace.objects.create(name="other")
    drained(arrival(shop.pk, "a"), arrival(other.pk, "b"))
    assert [one["name"] for one in counts(root, namespace="other")][1:] == ["b"]
    assert [one["name"] for one in counts(backend, namespace="shop")][1:] == ["a"]


@pytest.mark.parametrize("query", [{}, {"namespace": "unknown"}, {"namespace": ""}])
def test_root_gets_the_empty_answer_for_an_unknown_namespace(root, shop, query):
    answer = root.get(URL, query)
    assert (answer.status_code, answer.json()) == (200, {"counts": []})
    assert [one.name for one in Namespace.objects.all()] == ["shop"]


@pytest.mark.parametrize("name", ["elsewhere", "unknown", ""])
def test_others_are_refused_what_they_are_no_members_of(backend, stranger, name):
    answer = backend.get(URL, {"namespace": name})
    assert answer.status_code == 403
    assert name in answer.json()["error"]["what"]


@pytest.mark.parametrize("name", ["\0", "\ud800", "'; DROP TABLE x; --", "x" * 5_000])
def test_any_name_may_be_asked_for(root, name):
    path = f"{URL}?namespace={name}".encode(errors="surrogatepass")
    answer = root.generic("GET", URL, QUERY_STRING=path.partition(b"?")[2].decode("l1"))
    assert (answer.status_code, answer.json()) == (200, {"counts": []})


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("url", [URL, f"{URL}/"])
def test_another_method_is_405_and_named(backend, method, url):
    answer = getattr(backend, method)(url)
    assert answer.status_code == 405
    error = {"what": "Method not allowed", "method": method}
    assert answer.json() == {"error": error}


def test_without_a_token_the_body_is_the_published_401(client):
    answer = client.get(URL)
    assert answer.status_code == 401
    assert answer.json() == {"error": "Missing or invalid authorization header"}


def test_counts_cost_seven_queries(backend, shop, django_assert_num_queries):
    drained(*[arrival(shop.pk, f"{n}", n % 9, ensure_goal=n > 9) for n in range(60)])
    # Token, namespace, goals, names, combinations, single events, counters.
    with django_assert_num_queries(7):
        assert len(counts(backend)) == 61
