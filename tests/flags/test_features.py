"""`GET /v0/features`: which flags are on for the user in `user_obj`."""

import base64
from datetime import timedelta

import pytest

from accounts.models import Namespace
from accounts.queries import Scope
from events.queries import user_key
from flags.evaluation import position
from tests.published import original

pytestmark = pytest.mark.django_db
GERMAN = {"property": "country", "comparator": "=", "value": "de"}


@pytest.fixture
def noon(time_machine, t0):
    time_machine.move_to(t0, tick=False)
    return t0


@pytest.fixture
def halfway(flag, noon):
    """Twenty flags in the middle of their rollouts."""
    day = timedelta(days=1)
    names = [f"flag {number}" for number in range(20)]
    for name in names:
        flag(name, rollout_start_at=noon - day, rollout_end_at=noon + day)
    return names


def features(answer):
    assert answer.status_code == 200
    return answer.json()["features"]


def test_every_flag_of_the_namespace_is_on_or_off(ask, backend, flag):
    flag("on", boolean=True)
    flag("off")
    flag("germans", user_rules=[GERMAN])
    elsewhere = Namespace.objects.create(name="elsewhere")
    flag("foreign", namespace=elsewhere)
    answer = ask(backend, user_obj={"country": "de"}, context_obj={"page": 1})
    assert answer.json() == {"features": {"germans": True, "off": False, "on": True}}
    assert features(ask(backend))["germans"] is False


@pytest.mark.parametrize("url", ["/v0/features", "/v0/features/"])
def test_a_namespace_without_flags_has_an_empty_answer(ask, backend, url):
    assert ask(backend, url=url).json() == {"features": {}}


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_every_role_may_ask(ask, flag, role, request):
    flag()
    client = request.getfixturevalue(role)
    assert features(ask(client, namespace="shop")) == {"new": False}


def test_a_stranger_may_not_ask(ask, shop, stranger):
    answer = ask(stranger, namespace="shop")
    assert answer.status_code == 403
    assert answer.json()["error"]["what"] == "no access to namespace 'shop'"


def test_a_namespace_nobody_knows_is_empty_for_root_and_forbidden_for_others(
    ask, root, backend
):
    assert features(ask(root, namespace="unknown")) == {}
    assert ask(backend, namespace="unknown").status_code == 403
    assert not Namespace.objects.filter(name="unknown").exists()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_flags_are_only_read_here(backend, method):
    answer = getattr(backend, method)("/v0/features")
    assert answer.status_code == 405
    error = {"what": "Method not allowed", "method": method}
    assert original(answer.json()["error"]) == error


@pytest.mark.parametrize("user_id", ["ann", 42])
def test_a_known_user_has_a_place_in_every_rollout(
    ask, backend, shop, halfway, user_id
):
    key = user_key(str(user_id), scope=Scope(shop.pk, "shop"))
    expected = {name: position(name, key=key) <= 0.5 for name in halfway}
    assert len(set(expected.values())) == 2
    for _ in range(3):
        assert features(ask(backend, user_obj={"user_id": user_id})) == expected


@pytest.mark.parametrize("user", [{}, {"user_id": None}, {"user_id": ""}, {"id": "a"}])
def test_an_unknown_user_draws_once_a_request_for_all_rollouts(
    ask, backend, halfway, user
):
    drawn = [
        set(features(ask(backend, user_obj=user)).values()) for _ in range(40)
    ]  # all equal in one of 2 ** 39 runs
    assert {len(one) for one in drawn} == {1}
    assert {True} in drawn
    assert {False} in drawn


def test_a_rollout_runs_with_the_clock(ask, backend, halfway, time_machine, noon):
    user = {"user_id": "ann"}
    time_machine.move_to(noon + timedelta(days=1), tick=False)
    assert set(features(ask(backend, user_obj=user)).values()) == {True}
    time_machine.move_to(noon - timedelta(days=1), tick=False)
    assert set(features(ask(backend, user_obj=user)).values()) == {False}


def test_a_thousand_flags_cost_what_one_costs(
    ask, backend, flag, django_assert_num_queries
):
    flag("first")
    user = {"user_id": "ann", "country": "de"}
    with django_assert_num_queries(3):  # the token, the namespace, the flags
        ask(backend, user_obj=user)
    for number in range(200):
        flag(f"flag {number}", user_rules=[GERMAN])
    with django_assert_num_queries(3):
        assert len(features(ask(backend, user_obj=user))) == 201


NOT_BASE64 = ["{}", "e30", "e3 0=", "e30=e30=", "e30-", "ö", '{"user_id": "ann"}']
NOT_JSON = [b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'"\\ud800"', b"\xff", b"[" * 2000]


@pytest.mark.parametrize("name", ["user_obj", "context_obj"])
@pytest.mark.parametrize("value", NOT_BASE64)
def test_what_is_not_base64_is_told_as_it_was_sent(ask, backend, name, value):
    answer = ask(backend, **{name: value})
    assert answer.status_code == 400
    what = "The object cannot be base64 decoded"
    assert answer.json() == {"error": {"what": what, "object": value}}


@pytest.mark.parametrize("name", ["user_obj", "context_obj"])
@pytest.mark.parametrize("raw", NOT_JSON)
def test_what_is_not_json_is_told_by_the_parameters_name(ask, backend, name, raw):
    answer = ask(backend, **{name: base64.b64encode(raw).decode()})
    assert answer.status_code == 400
    what = "The object is not valid JSON"
    assert answer.json() == {"error": {"what": what, "object": name}}


@pytest.mark.parametrize("name", ["user_obj", "context_obj"])
@pytest.mark.parametrize("value", [None, 5, True, [], [{}]])
def test_what_is_no_object_has_an_incorrect_type(ask, backend, name, value):
    answer = ask(backend, **{name: value})
    assert answer.status_code == 400
    error = {"what": "Incorrect type", "type_expected": "object", "value": value}
    assert original(answer.json()["error"]) == error


@pytest.mark.parametrize("depth", [200, 240, 300, 1000, 1020])
@pytest.mark.parametrize("name", ["user_obj", "context_obj"])
def test_no_depth_breaks_the_answer(ask, backend, name, depth):
    raw = b"[" * depth + b"]" * depth
    answer = ask(backend, **{name: base64.b64encode(raw).decode()})
    assert answer.status_code == 400
    assert answer.json()["error"]["what"]


def test_the_base64_alphabet_is_the_standard_one(ask, backend, flag):
    rule = {"property": "p", "comparator": "=", "value": "???>>>"}
    flag(user_rules=[rule])
    sent = base64.b64encode(b'{"p":"???>>>"}').decode()
    assert {"/", "+", "="} <= set(sent)
    assert features(ask(backend, user_obj=sent)) == {"new": True}
