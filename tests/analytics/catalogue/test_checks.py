"""`manage.py check` names the KPIs whose numbers nobody should read."""

from contextlib import suppress

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, ProgrammingError, connection

from analytics.catalogue.checks import kpis_can_be_computed
from analytics.models import Kind
from tests.analytics.builders import kpi, metric

pytestmark = pytest.mark.django_db
DATABASES = ["default"]


@pytest.fixture
def _metrics():
    metric("revenue", Kind.SUM, "purchase", unit="usd")
    metric("orders", Kind.ORDERS, "purchase")


def messages():
    return kpis_can_be_computed(databases=DATABASES)


@pytest.mark.usefixtures("_metrics")
def test_a_catalogue_in_order_passes():
    kpi("aov", "revenue / orders", unit="usd")
    kpi("share", "100 * orders / orders", unit="percentage")
    assert messages() == []
    call_command("check")


@pytest.mark.usefixtures("_metrics")
@pytest.mark.parametrize(
    ("formula", "unit", "message", "blamed"),
    [
        ("revenue +", "usd", "Line 1, column 10: this cannot be read", "formula"),
        ("revenue / gone", "usd", "There is no metric named gone.", "formula"),
        ("revenue + orders", "usd", "they cannot be added", "formula"),
        ("orders / orders", "percentage", "write 100 * (orders / orders)", "formula"),
        ("revenue / orders", "count", "its unit is usd.", "unit"),
    ],
)
def test_every_wrong_kpi_is_named_with_its_fault_and_what_to_change(
    formula, unit, message, blamed
):
    kpi("fine", "revenue", unit="usd")
    kpi("wrong", formula, unit=unit)
    [found] = messages()
    assert found.msg.startswith("The KPI wrong cannot be relied on: ")
    assert message in found.msg
    assert found.hint == f"Change its {blamed} in the admin, or switch it off."


@pytest.mark.usefixtures("_metrics")
def test_each_wrong_kpi_is_one_message_and_two_queries_find_them_all(
    django_assert_num_queries,
):
    for number in range(5):
        kpi(f"wrong_{number}", "revenue + orders")
    with django_assert_num_queries(2):
        assert len(messages()) == 5


@pytest.mark.usefixtures("_metrics")
def test_a_kpi_that_is_switched_off_may_be_wrong():
    kpi("wrong", "revenue + orders", active=False)
    assert messages() == []


@pytest.mark.usefixtures("_metrics")
def test_the_plain_command_fails_and_other_commands_do_not(capsys):
    kpi("wrong", "revenue + orders")
    with pytest.raises(SystemCheckError, match="The KPI wrong cannot be relied on"):
        call_command("check")
    call_command("migrate", skip_checks=False)
    assert "The KPI wrong" in capsys.readouterr().err
    call_command("load_catalogue", skip_checks=False)
    assert "The KPI wrong" not in capsys.readouterr().err


@pytest.mark.parametrize("error", [OperationalError, ProgrammingError])
def test_it_says_nothing_of_a_database_that_is_not_there_or_has_no_tables(error):
    def refuse(*_):
        raise error

    kpi("wrong", "gone")
    with connection.execute_wrapper(refuse):
        assert messages() == []
    assert len(messages()) == 1


def test_it_looks_at_no_database_unless_it_is_asked_to(django_assert_num_queries):
    kpi("wrong", "gone")
    with django_assert_num_queries(0):
        assert kpis_can_be_computed(databases=None) == []


def test_a_deployment_is_checked_without_its_database(django_assert_num_queries):
    with django_assert_num_queries(0), suppress(SystemCheckError):
        call_command("check", deploy=True)
