"""The known name that somebody meant is found; what is something else is left alone."""

import pytest

from api.spelling import suggestion, surely

QUERY = ["kpis", "start_timestamp", "end_timestamp", "granularity", "timezone"]
EVENT = ["event_name", "user_id", "event_id", "item_id", "datetime", "value"]
ALIASES = {"ts": "datetime", "amount": "value", "from": "start_timestamp"}


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("kpi", QUERY, "kpis"),
        ("kpis[]", QUERY, "kpis"),
        ("kpis[0]", QUERY, "kpis"),
        ("startTimestamp", QUERY, "start_timestamp"),
        ("Start-Timestamp", QUERY, "start_timestamp"),
        ("timezon", QUERY, "timezone"),
        ("valeu", EVENT, "value"),
        ("userId", EVENT, "user_id"),
        ("eventName", EVENT, "event_name"),
        ("time_stamp", EVENT, None),
        ("ts", EVENT, "datetime"),
        ("TS", EVENT, "datetime"),
        ("Amount", EVENT, "value"),
        ("amuont", EVENT, None),
        ("from", QUERY, "start_timestamp"),
        ("from", EVENT, None),
        ("colour", EVENT, None),
        ("valid", EVENT, None),
        ("", QUERY, None),
        ("[]", QUERY, None),
        ("中国", ["日本"], None),
    ],
)
def test_the_nearest_known_name_is_told(name, known, meant):
    assert suggestion(name, known, ALIASES) == meant


def test_an_alias_is_not_needed():
    assert suggestion("kpi", QUERY) == "kpis"


def test_a_name_of_a_megabyte_is_not_compared():
    assert suggestion("kpis" * 250_000, QUERY) is None


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("valeu", "value"),
        ("vlue", "value"),
        ("vallue", "value"),
        ("valve", "value"),
        ("aluev", None),
        ("userId", "user_id"),
        ("$User-ID", "user_id"),
        ("Amount", "value"),
        ("amuont", None),
        ("event_kind", None),
        ("item_", None),
        ("val", None),
        ("", None),
        ("value" * 1_000_000, None),
    ],
)
def test_what_a_name_can_only_be_meant_for_is_a_slip_away(name, meant):
    assert surely(name, EVENT, ALIASES) == meant
