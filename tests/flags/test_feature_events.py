"""`GET /v0/features` records that its user met a feature, as the intake would."""

import pytest

from accounts.models import Namespace, User
from accounts.queries import Scope
from events import names
from events.models import EventName, InboxEvent
from events.queries import user_key
from flags import queries
from flags.models import Flag
from tests.published import original

pytestmark = pytest.mark.django_db
ANN, MET = {"user_id": "ann"}, {"feature": "checkout"}


def recorded():
    """Returns namespace, name and user key of every event."""
    rows = InboxEvent.objects.order_by("id")
    return list(rows.values_list("namespace__name", "event_name__name", "user_key"))


def key(user_id, namespace):
    return user_key(user_id, scope=Scope(namespace.pk, namespace.name))


@pytest.mark.parametrize(("sent", "user_id"), [("ann", "ann"), (42, "42"), (-1, "-1")])
def test_a_user_and_a_feature_are_an_event(
    ask, backend, shop, time_machine, t0, sent, user_id
):
    time_machine.move_to(t0, tick=False)
    answer = ask(backend, user_obj={"user_id": sent}, context_obj=MET)
    assert answer.json() == {"features": {}}
    assert recorded() == [("shop", "checkout", key(user_id, shop))]
    [row] = InboxEvent.objects.all()
    assert row.occurred_at == row.received_at == t0
    assert (row.value, row.ensure_goal, row.item_id) == (None, False, None)


def test_the_answer_tells_the_flags_all_the_same(ask, backend, flag):
    flag(boolean=True)
    assert ask(backend, user_obj=ANN, context_obj=MET).json()["features"]["new"]
    assert len(recorded()) == 1


def test_the_feature_need_not_be_a_flag(ask, backend):
    ask(backend, user_obj=ANN, context_obj={"feature": "no flag", "other": [1]})
    assert [name for _, name, _ in recorded()] == ["no flag"]
    assert not Flag.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"user_obj": ANN},
        {"context_obj": MET},
        {"user_obj": ANN, "context_obj": {}},
        {"user_obj": {}, "context_obj": MET},
        {"user_obj": ANN, "context_obj": {"feature": None}},
        {"user_obj": {"user_id": None}, "context_obj": MET},
        {"user_obj": {"user_id": [1]}},
        {"context_obj": {"feature": [1]}},
    ],
)
def test_without_both_nothing_is_recorded(ask, backend, query):
    assert ask(backend, **query).status_code == 200
    assert recorded() == []


@pytest.mark.parametrize("value", [1.5, True, [], {}, ["ann"], 2**70])
def test_a_user_id_is_text_or_an_integer(ask, backend, value):
    answer = ask(backend, user_obj={"user_id": value}, context_obj=MET)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["what"], error["type_expected"]) == ("Incorrect type", "string")
    assert error["value"] == value
    assert recorded() == []


@pytest.mark.parametrize("value", [1, 1.5, True, [], {}])
def test_a_feature_is_text(ask, backend, value):
    answer = ask(backend, user_obj=ANN, context_obj={"feature": value})
    assert answer.status_code == 400
    error = {"what": "Incorrect type", "type_expected": "string", "value": value}
    assert original(answer.json()["error"]) == error
    assert recorded() == []


@pytest.mark.parametrize("text", ["", "x" * 201, "a\nb", "a\0b"])
def test_the_limits_are_those_of_the_intake(ask, backend, text):
    for query, field in [
        ({"user_obj": {"user_id": text}, "context_obj": MET}, "user_id"),
        ({"user_obj": ANN, "context_obj": {"feature": text}}, "event_name"),
    ]:
        answer = ask(backend, **query)
        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == field
    assert recorded() == []
    assert not EventName.objects.exists()


def test_head_answers_as_get_and_records_nothing(ask, backend):
    answer = ask(backend, method="head", user_obj=ANN, context_obj=MET)
    assert (answer.status_code, recorded()) == (200, [])
    bad = {"user_obj": {"user_id": 1.5}, "context_obj": MET}
    assert ask(backend, method="head", **bad).status_code == 400


def test_a_session_s_get_records_nothing(ask, shop, flag, client):
    """A link on a foreign page would write in its visitor's name."""
    flag(boolean=True)
    visitor = User.objects.create(username="visitor", role="manager")
    visitor.namespaces.add(shop)
    client.force_login(visitor)
    answer = ask(client, user_obj=ANN, context_obj=MET).json()
    assert answer["features"] == {"new": True}
    assert answer["warnings"] == [
        "the feature is not recorded: only a token's GET writes"
    ]
    assert recorded() == []


def test_roots_first_event_creates_the_namespace(ask, root):
    ask(root, namespace="brand new", user_obj=ANN, context_obj=MET)
    made = Namespace.objects.get(name="brand new")
    assert recorded() == [("brand new", "checkout", key("ann", made))]
    ask(root, user_obj=ANN, context_obj=MET)
    assert [name for name, _, _ in recorded()] == ["brand new", "default"]


@pytest.mark.parametrize("name", ["", "a\tb", "x" * 201])
def test_an_impossible_namespace_is_not_created(ask, root, name):
    answer = ask(root, namespace=name, user_obj=ANN, context_obj=MET)
    assert answer.status_code == 400
    assert not Namespace.objects.exists()


def test_a_stranger_records_nothing(ask, shop, stranger):
    answer = ask(stranger, namespace="shop", user_obj=ANN, context_obj=MET)
    assert (answer.status_code, recorded()) == (403, [])


def test_recording_costs_the_names_and_one_copy(
    ask, backend, django_assert_num_queries
):
    query = {"user_obj": ANN, "context_obj": MET}
    ask(backend, **query)
    # token, BEGIN, namespace, names, COPY, COMMIT, flags
    with django_assert_num_queries(7):
        ask(backend, **query)


@pytest.mark.django_db(transaction=True)
def test_the_event_is_committed_before_the_answer(ask, backend, monkeypatch):
    def fail(**asked):
        raise RuntimeError("between the event and the answer")

    monkeypatch.setattr(queries, "verdicts", fail)
    backend.raise_request_exception = False
    assert ask(backend, user_obj=ANN, context_obj=MET).status_code == 500
    assert len(recorded()) == 1


def test_a_full_dictionary_leaves_the_flags_and_says_what_is_not_recorded(
    ask, backend, flag, shop, monkeypatch
):
    flag(boolean=True)
    monkeypatch.setattr(names, "NAME_LIMIT", 1)
    names.ensure({(shop.pk, "known")})
    answer = ask(backend, user_obj=ANN, context_obj=MET)
    assert (answer.status_code, answer.json()["features"]) == (200, {"new": True})
    assert "'checkout'" in answer.json()["warnings"][0]
    known = ask(backend, user_obj=ANN, context_obj={"feature": "known"}).json()
    assert known == {"features": {"new": True}}
    assert [name for _, name, _ in recorded()] == ["known"]
