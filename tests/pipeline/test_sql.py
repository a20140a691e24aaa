"""`manage.py sql`: what is printed is what runs."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts import services
from analytics.catalogue.services import load_catalogue
from pipeline.statements import NAMES

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shop(db):
    services.ensure_namespaces(["shop"])
    load_catalogue(event_names={})


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("sql", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES)
def test_each_statement_is_complete_and_the_database_plans_it(name):
    statement = printed(name, "--namespace", "shop")
    assert "$" not in statement
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        assert cursor.fetchall()


def test_without_a_name_the_names_are_listed():
    assert printed().split() == list(NAMES)
    assert {"drain", "aggregate", "sessions", "orders"} <= set(NAMES)


def test_lookbacks_stand_in_it_as_the_constants_that_decide_what_is_dirty():
    assert "interval '24 hours'" in printed("orders", "--namespace", "shop")
    assert "interval '30 minutes'" in printed("sessions", "--namespace", "shop")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["session"], "there is no statement named 'session'; did you mean sessions?"),
        (["drain", "--namespace", "shopp"], "no namespace named 'shopp'"),
        (["drain", "--minutes", "0"], "--minutes: expected 1 or more"),
    ],
)
def test_what_it_does_not_know_is_refused_in_plain_words(arguments, message):
    with pytest.raises(CommandError) as refused:
        printed(*arguments)
    assert message in str(refused.value)
