"""Staff with a session, and rows of everything that staff can look at."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from knox.models import AuthToken

from access import services
from access.models import Namespace, User
from analytics.models import KPI, AggregationRun, Metric
from events.models import Batch, EventName
from flags.models import Flag
from goals.models import Goal

T0 = datetime(2026, 3, 4, 12, tzinfo=UTC)


def session(**fields):
    client = Client()
    client.force_login(User.objects.create(is_staff=True, **fields))
    return client


@pytest.fixture
def staff(db):
    """Root, logged in to the admin."""
    return session(username="staff", role="root", is_superuser=True)


@pytest.fixture
def clerk(db):
    """A manager who may do everything that permissions can give."""
    client = session(username="clerk", role="manager")
    user = User.objects.get(username="clerk")
    user.user_permissions.set(Permission.objects.all())
    return client


@pytest.fixture
def visitor(db):
    """A manager who may log in to the admin, and nothing else."""
    return session(username="visitor", role="manager")


def make_rows(number, *, first=0):
    """Adds that many rows to every table of the admin, no two alike."""
    for n in range(first, first + number):
        namespace = Namespace.objects.create(name=f"shop {n}")
        user = User.objects.create(username=f"user{n}")
        user.namespaces.add(namespace)
        services.new_token(user)
        Group.objects.create(name=f"group {n}")
        metric = Metric.objects.create(
            name=f"metric_{n}", kind="count", event_name="a", unit="count"
        )
        KPI.objects.create(
            name=f"kpi_{n}",
            display_name=f"KPI {n}",
            formula=f"7 * {metric.name}",
            unit="count",
        )
        event = EventName.objects.create(
            namespace=namespace, name=f"event {n}", number=1
        )
        Goal.objects.create(
            event_name_id=event.pk,
            namespace=namespace,
            name=event.name,
            since=1,
            created_at=T0,
        )
        Batch.objects.create(
            namespace=namespace, shard=n % 16, events=1, touched=[T0], drained_at=T0
        )
        Flag.objects.create(namespace=namespace, name=f"flag {n}")
        AggregationRun.objects.create(
            namespace=namespace,
            started_at=T0,
            finished_at=T0 + timedelta(seconds=1.5),
            batches=1,
            events=1,
            buckets=3,
        )


@pytest.fixture
def rows(db):
    return make_rows


@pytest.fixture
def digest(rows):
    """The digest of the newest token, which no page may show."""
    rows(1)
    return AuthToken.objects.get().digest
