"""Commands on an installation in which something, or everything, is not there yet."""

import io

import pytest
from django.core.management import CommandError, call_command

from analytics.models import Kind, Metric
from tests.analytics.builders import NOON, arrive, event, kpi, metric

pytestmark = pytest.mark.django_db(transaction=True)


def run(*command) -> str:
    told = io.StringIO()
    call_command(*command, stdout=told)
    return told.getvalue()


def test_verify_has_nothing_to_check_without_namespaces():
    assert "checked in" in run("verify")


@pytest.mark.parametrize("kind", [None, Kind.EXTERNAL, Kind.COUNT])
def test_verify_checks_what_there_is(shop, kind):
    if kind:
        metric("m", kind, "buy" if kind == Kind.COUNT else "")
    assert "no difference" in run("verify", "--namespace", shop.name)


def test_verify_goes_on_where_all_metrics_are_off_or_wait(shop):
    metric("off", Kind.COUNT, "buy", active=False)
    metric("waits", Kind.SUM, "buy", built_as="")
    arrive(shop.pk, [event("buy", NOON)])
    assert "no difference" in run("verify")


def test_verify_says_which_namespace_is_not_there():
    with pytest.raises(CommandError, match="nowhere"):
        run("verify", "--namespace", "nowhere")


def test_aggregate_and_rebuild_have_nothing_to_do():
    run("aggregate")
    run("drain")
    run("retain")
    run("rebuild", "--stale")
    with pytest.raises(CommandError, match="nothing"):
        run("rebuild", "nothing")


def test_without_metrics_events_are_aggregated_to_nothing(shop):
    arrive(shop.pk, [event("buy", NOON)])
    run("aggregate")
    assert "no difference" in run("verify")


def test_buckets_of_nothing_are_exported_and_imported(shop, tmp_path):
    file = tmp_path / "buckets"
    run("export_buckets", "--namespace", shop.name, str(file))
    assert file.exists()
    run("import_buckets", str(file))


def test_checks_of_a_catalogue_of_nothing():
    run("check", "--database", "default")
    kpi("lost", "nothing")
    with pytest.raises(Exception, match="nothing"):
        run("check", "--database", "default")


@pytest.mark.parametrize(
    "url",
    [
        "/analytics/kpis/values/?complete=true&compare=previous_period",
        "/analytics/metrics/values/?complete=true&compare=previous_year",
        "/analytics/kpis/status/",
        "/analytics/kpis/configs/",
        "/metrics",
        "/readyz",
    ],
)
def test_endpoints_answer_without_metrics_kpis_and_data(manager, url):
    assert manager.get(url).status_code == 200
    Metric.objects.create(name="m", kind=Kind.COUNT, event_name="e", unit="count")
    assert manager.get(url).status_code == 200
