"""Staff edit flags: what is wrong is told at its field, and long rules are not read."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from flags import models
from flags.models import Flag

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/flags/flag/", "/admin/flags/flag/add/"
RULE = {"property": "country", "comparator": "=", "value": "de"}


@pytest.fixture
def staff(db):
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def form(shop):
    return {"namespace": shop.pk, "name": "new", "user_rules": "[]"}


def rollout(start_at, end_at):
    """Returns a rollout as the form sends it."""
    fields = {}
    for end, at in [("start", start_at), ("end", end_at)]:
        if at:
            fields[f"rollout_{end}_at_0"] = f"{at:%Y-%m-%d}"
            fields[f"rollout_{end}_at_1"] = f"{at:%H:%M:%S}"
    return fields


def errors(response):
    assert response.status_code == 200
    assert not Flag.objects.exists()
    return response.context["adminform"].form.errors


def test_a_flag_is_added(staff, form, shop, t0):
    sent = form | rollout(t0, t0) | {"boolean": "on", "user_rules": json.dumps([RULE])}
    assert staff.post(ADD, sent).status_code == 302
    [flag] = Flag.objects.all()
    assert (flag.name, flag.namespace, flag.boolean) == ("new", shop, True)
    assert (flag.rollout_start_at, flag.rollout_end_at) == (t0, t0)
    assert flag.user_rules == [RULE]


@pytest.mark.parametrize("text", ["", "  ", "[]", "null"])
def test_a_flag_may_have_no_rules(staff, form, text):
    assert staff.post(ADD, form | {"user_rules": text}).status_code == 302
    assert Flag.objects.get().user_rules == []


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("{", ["This is no valid JSON."]),
        ('[{"a": NaN}]', ["This is no valid JSON."]),
        ("[" * 100_000, ["This is no valid JSON."]),
        ("[" * 1000 + "]" * 1000, ["This is no valid JSON."]),
        ("{}", ["Write a list of rules: [{…}, …]"]),
        ("5", ["Write a list of rules: [{…}, …]"]),
        (
            [5, RULE, {}, RULE | {"comparator": "<"}, RULE | {"property": 1}],
            [
                "Rule 1: write an object with property, comparator and value.",
                "Rule 3: property is missing.",
                'Rule 4: comparator must be "=" or "in".',
                "Rule 5: property must be text.",
            ],
        ),
        ([RULE | {"value": 1.5}], ["Rule 1: value must be text or a whole number."]),
        (
            [RULE | {"comparator": "in", "value": [1, "a"]}],
            ["Rule 1: value must be a list, all texts or all whole numbers."],
        ),
        ([RULE | {"property": ""}], ["Rule 1: property must be 1 to 200 characters"]),
        ([RULE] * 101, ["There are 101 rules, and at most 100 are possible."]),
    ],
)
def test_wrong_rules_are_told_at_their_field(staff, form, text, messages):
    sent = text if isinstance(text, str) else json.dumps(text)
    found = errors(staff.post(ADD, form | {"user_rules": sent}))
    assert list(found) == ["user_rules"]
    for told, message in zip(found["user_rules"], messages, strict=True):
        assert told.startswith(message)


def test_what_was_typed_is_shown_again(staff, form):
    page = staff.post(ADD, form | {"user_rules": '[{"typed"'}).text
    assert "[{&quot;typed&quot;" in page


def test_keys_that_mean_nothing_are_left_out(staff, form):
    staff.post(ADD, form | {"user_rules": json.dumps([RULE | {"comment": 1}])})
    assert Flag.objects.get().user_rules == [RULE]


@pytest.mark.parametrize("name", ["", "a\tb", "x" * 201])
def test_an_impossible_name_is_told_at_its_field(staff, form, name):
    assert list(errors(staff.post(ADD, form | {"name": name}))) == ["name"]


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (0, None, "give both, or neither"),
        (None, 0, "give both"),
        (1, 0, "cannot start"),
    ],
)
def test_a_wrong_rollout_is_told_in_words(staff, form, t0, start, end, message):
    start, end = (
        None if days is None else t0 + timedelta(days) for days in (start, end)
    )
    found = errors(staff.post(ADD, form | rollout(start, end)))
    assert message in str(found)


def test_the_same_name_twice_in_a_namespace_is_told_in_words(staff, form):
    staff.post(ADD, form)
    found = staff.post(ADD, form).context["adminform"].form.errors
    assert found["__all__"] == ["Flag with this Namespace and Name already exists."]


def test_a_full_namespace_takes_no_more_and_keeps_what_it_has(
    staff, form, flag, monkeypatch
):
    monkeypatch.setattr(models, "FLAG_LIMIT", 1)
    path = f"{LIST}{flag('old').pk}/change/"
    found = staff.post(ADD, form).context["adminform"].form.errors
    assert found["__all__"] == ["A namespace holds at most 1 flags."]
    assert staff.post(path, form | {"boolean": "on"}).status_code == 302
    assert list(Flag.objects.values_list("name", "boolean")) == [("new", True)]


def test_a_flag_is_edited_and_deleted(staff, form, flag, t0):
    day = timedelta(days=1)
    old = flag(user_rules=[RULE], rollout_start_at=t0, rollout_end_at=t0 + day)
    path = f"{LIST}{old.pk}/"
    page = staff.get(f"{path}change/")
    assert json.loads(page.context["adminform"].form["user_rules"].value()) == [RULE]
    sent = form | rollout(t0, t0 + day) | {"user_rules": json.dumps([RULE])}
    assert staff.post(f"{path}change/", sent | {"name": "renamed"}).status_code == 302
    [flag] = Flag.objects.all()
    assert (flag.name, flag.user_rules) == ("renamed", [RULE])
    history = staff.get(f"{path}history/").text
    assert "Changed Name." in history
    assert staff.post(f"{path}delete/", {"post": "yes"}).status_code == 302
    assert not Flag.objects.exists()


def test_the_list_tells_rollouts_rules_and_the_state_of_now(staff, flag):
    half, now = timedelta(days=1, hours=1), datetime.now(UTC)
    flag("a", boolean=True, user_rules=[RULE])
    flag("b", user_rules=[RULE] * 3)
    flag("c", rollout_start_at=now - half, rollout_end_at=now + half)
    page = staff.get(LIST)
    [a, b, c] = page.context["cl"].result_list
    model_admin = page.context["cl"].model_admin
    assert [model_admin.now(one) for one in (a, b)] == [
        "on",
        "off; on where a rule fits",
    ]
    assert model_admin.now(c).startswith("on for 50.0")
    assert [model_admin.rules(one) for one in (a, b, c)] == [1, 3, 0]
    assert [model_admin.rollout(one) for one in (a, b)] == ["-", "-"]
    assert f"{now - half:%Y-%m-%d %H:%M} to {now + half:%Y-%m-%d %H:%M}" in page.text


def test_the_list_reads_no_rules(staff, flag):
    flag(user_rules=[RULE] * 3)
    with CaptureQueriesContext(connection) as found:
        staff.get(LIST)
    selected = [query["sql"] for query in found if "jsonb_array_length" in query["sql"]]
    assert selected
    assert not [sql for sql in selected if '."user_rules",' in sql]


def test_the_list_leads_to_the_preview(staff):
    assert 'href="/admin/flags/flag/preview/"' in staff.get(LIST).text
