"""Staff with a session, and rows of everything that staff can look at."""

from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from knox.models import AuthToken

from accounts import services
from accounts.models import Namespace, User
from analytics.models import (
    KPI,
    AggregationRun,
    Backfill,
    Metric,
    Report,
    ReportSchedule,
)
from events.models import Batch, EventName, Failure, IgnoredField, Import
from flags.models import Flag
from goals.models import Goal
from segmentation.models import ABTest
from segmentation.services import create_segmentation

admin.autodiscover()  # as the URLs do: tests ask the registry what pages there are
T0 = datetime(2026, 3, 4, 12, tzinfo=UTC)


def session(role, *namespaces, name=""):
    """Returns a client of a new account, which has all that permissions can give."""
    user = User.objects.create(
        username=name or role, role=role, is_superuser=role == "root", is_staff=True
    )
    user.namespaces.set(namespaces)
    user.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(db):
    """Root, logged in to the admin."""
    return session("root", name="staff")


@pytest.fixture
def manager_of(db):
    """Logs a manager of namespaces in to the admin."""

    def log_in(*namespaces):
        return session("manager", *namespaces)

    return log_in


@pytest.fixture
def visitor(db):
    """A manager of another namespace, logged in to the admin."""
    elsewhere = Namespace.objects.create(name="elsewhere")
    return session("manager", elsewhere, name="visitor")


def make_rows(number, *, first=0):
    """Adds that many rows to every table of the admin, no two alike."""
    for n in range(first, first + number):
        namespace = Namespace.objects.create(name=f"shop {n}")
        user = User.objects.create(username=f"user{n}")
        user.namespaces.add(namespace)
        services.new_token(user)
        AccessAttempt.objects.create(username=user.username, failures_since_start=1)
        Flag.objects.create(namespace=namespace, name=f"flag {n}")
        make_schedule(n, namespace)
        make_catalogue(n)
        make_pipeline(n, namespace)
        make_segmentation(n, namespace)


def make_catalogue(n):
    name, unit = f"metric_{n}", "count"
    metric = Metric.objects.create(name=name, kind="count", event_name="a", unit=unit)
    Backfill.objects.create(metric=metric, requested_at=T0, done=1, total=3)
    formula, display_name = f"7 * {name}", f"KPI {n}"
    KPI.objects.create(
        name=f"kpi_{n}", display_name=display_name, formula=formula, unit=unit
    )


def make_schedule(n, namespace):
    """A schedule with a report, of which the list tells."""
    one = ReportSchedule.objects.create(
        namespace=namespace,
        name=f"schedule {n}",
        frequency="daily",
        recipients=["ada@example.com"],
        created_at=T0,
    )
    Report.objects.create(
        pk=f"report{n}",
        namespace=namespace,
        schedule=one,
        period_start_at=T0 - timedelta(days=1),
        payload={"timezone": "UTC", "format": "csv"},
        digest=f"{n}",
        requested_at=T0,
    )


def make_pipeline(n, namespace):
    place = {"namespace": namespace}
    event = EventName.objects.create(name=f"event {n}", number=1, **place)
    Goal.objects.create(
        event_name_id=event.pk, name=event.name, since=1, created_at=T0, **place
    )
    Import.objects.create(
        source=f"file {n}",
        digest=f"{n}",
        start_at=T0,
        end_at=T0 + timedelta(days=1),
        total=4,
        taken=3,
        started_at=T0,
        **place,
    )
    IgnoredField.objects.create(
        body="event", name=f"colour {n}", times=1, first_at=T0, last_at=T0, **place
    )
    Failure.objects.create(
        work="drain", subject=n, error="DataError", times=1, first_at=T0, last_at=T0
    )
    Batch.objects.create(shard=n % 16, events=1, touched=[T0], drained_at=T0, **place)
    AggregationRun.objects.create(
        started_at=T0,
        finished_at=T0 + timedelta(seconds=1.5),
        batches=1,
        events=1,
        buckets=3,
        **place,
    )


def make_segmentation(n, namespace):
    ABTest.objects.create(
        namespace=namespace, name=f"test{n}", start_at=T0, created_at=T0
    )
    leaf = {"type": "analytics"}
    split = {"ab_test_id": f"test{n}", "group_a": leaf, "group_b": leaf}
    made = create_segmentation(
        namespace_id=namespace.pk,
        name=f"segmentation {n}",
        checked={"type": "ab_test", "split": split, "skip": leaf},
        at=T0,
    )
    Backfill.objects.create(
        segmentation_id=made.pk,
        definition=f"{n}",
        from_at=T0,
        requested_at=T0,
        started_at=T0,
        done=1,
        total=6,
    )


@pytest.fixture
def rows(db):
    return make_rows


@pytest.fixture
def digest(rows):
    """The digest of the newest token, which no page may show."""
    rows(1)
    return AuthToken.objects.get().digest
