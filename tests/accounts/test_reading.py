"""What a request names is read, or refused by name with what was meant."""

import pytest

pytestmark = pytest.mark.django_db
VALUES, CONFIGS = "/analytics/kpis/values/", "/analytics/kpis/configs/"
PRICES, REPORTS = "/analytics/items/prices/", "/tasks/private/analytics_report_export/"
PRICE = {"item_id": "i", "price": 1}


def refused(answer):
    """Returns the reasons by field."""
    assert answer.status_code == 400, answer.content
    assert answer.json()["error_name"] == "WrongData"
    return answer.json()["error_data"]["query"]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("kpi=aov", "kpis"),
        ("KPIs=aov", "kpis"),
        ("startTimestamp=0", "start_timestamp"),
        ("from=0", "start_timestamp"),
        ("until=0", "end_timestamp"),
        ("tz=UTC", "timezone"),
        ("segmentation_id=a", "segmentation"),
        ("Namespace=shop", "namespace"),
        ("namespace[]=shop", "namespace"),
    ],
)
def test_a_parameter_of_another_name_is_refused_with_the_nearest(manager, sent, meant):
    reasons = refused(manager.get(f"{VALUES}?{sent}"))
    assert reasons == {
        sent.partition("=")[0]: [f"This name is unknown: did you mean {meant}?"]
    }


def test_a_parameter_like_none_is_refused_with_those_there_are(manager):
    reasons = refused(manager.get(CONFIGS, {"colour": "red"}))
    expected = "This name is unknown: expected kpis, namespace."
    assert reasons == {"colour": [expected]}


@pytest.mark.parametrize("sent", ["kpis[]=a&kpis[]=b", "kpis[0]=a&kpis[1]=b"])
def test_a_list_is_read_as_axios_and_php_write_it(manager, sent):
    answer = manager.get(f"{CONFIGS}?{sent}&kpis=c")
    assert answer.json()["warnings"] == [f"unknown KPI: {name}" for name in "abc"]


def test_names_that_begin_with_an_underscore_are_left_alone(manager):
    assert manager.get(f"{CONFIGS}?_=1&_=2&_trace=x").status_code == 200
    sent = {"_comment": "a", "prices": [{**PRICE, "_row": 7}]}
    assert manager.put(PRICES, sent, format="json").status_code == 204


def test_one_value_is_expected_where_two_come(manager):
    reasons = refused(manager.get(f"{VALUES}?granularity=day&granularity=hour"))
    assert reasons.keys() == {"granularity"}
    assert manager.get(f"{VALUES}?timezone=UTC&timezone=UTC").status_code == 200


@pytest.mark.parametrize(
    "name", ["start_timestamp", "granularity", "timezone", "compare", "namespace"]
)
def test_an_empty_value_is_not_everything(manager, name):
    assert refused(manager.get(VALUES, {name: ""})).keys() == {name}


def test_unknown_keys_are_told_where_they_stand(manager):
    sent = {"prices": [PRICE, {**PRICE, "prize": 2}]}
    reasons = refused(manager.put(PRICES, sent, format="json"))
    told = ["This name is unknown: did you mean price?"]
    assert reasons == {"prices": {"1": {"prize": told}}}
    payload = {"segmentation": "m4re346e", "start": 1, "end": 2}
    reasons = refused(manager.post(REPORTS, {"payload": payload}, format="json"))
    assert reasons["payload"].keys() == {"segmentation", "start", "end"}


def test_of_many_unknown_names_few_are_told(manager):
    sent = {f"n{number}": 0 for number in range(1_000)}
    reasons = refused(manager.put(PRICES, sent, format="json"))
    assert len(reasons) == 6
    assert reasons["…"] == ["995 more names are unknown."]


def test_a_verb_that_reads_no_query_refuses_one(manager):
    answer = manager.put(f"{PRICES}?item_id=i", {"prices": [PRICE]}, format="json")
    assert refused(answer).keys() == {"item_id"}


@pytest.mark.parametrize("method", ["get", "delete"])
def test_a_verb_that_reads_no_body_refuses_one(manager, method):
    path = VALUES if method == "get" else "/analytics/ab-tests/a/"
    sent = b'{"kpis": ["aov"]}'
    answer = manager.generic(method, path, sent, content_type="application/json")
    assert refused(answer).keys() == {"kpis"}
    empty = manager.generic(method, path, b"{}", content_type="application/json")
    assert empty.status_code in {200, 404}


def test_of_many_unknown_kpis_few_are_told(manager):
    sent = {"kpis": [f"n{number:03}" for number in range(900)]}
    warnings = manager.get(CONFIGS, sent).json()["warnings"]
    assert warnings[0] == "unknown KPI: n000"
    assert warnings[20:] == ["880 more are no KPI"]


@pytest.mark.parametrize("sent", ["users=a", "colour=a", "name=a", "_goal=a"])
def test_under_v0_a_parameter_of_ones_own_is_ignored(manager, sent):
    assert manager.get(f"/v0/predictions?{sent}").status_code == 200


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("goals=a", "goal"),
        ("userId=a", "user_id"),
        ("evnet=a", "event"),
        ("Namespace=a", "namespace"),
    ],
)
def test_under_v0_a_slip_is_refused(manager, sent, meant):
    answer = manager.get(f"/v0/predictions?{sent}")
    assert answer.status_code == 400
    told = [f"This name is unknown: did you mean {meant}?"]
    assert answer.json()["error"]["query"] == {sent.partition("=")[0]: told}


def test_of_many_wrong_items_few_are_told(manager):
    wrong = [{"item_id": "i"}] * 11
    reasons = refused(manager.put(PRICES, {"prices": wrong[:10]}, format="json"))
    assert list(reasons["prices"]) == [f"{index}" for index in range(10)]
    reasons = refused(manager.put(PRICES, {"prices": wrong}, format="json"))
    assert list(reasons["prices"])[10:] == ["…"]
