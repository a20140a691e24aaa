"""A past for tests: events arrive, are drained and aggregated as in production."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

from accounts.models import Namespace
from analytics.models import KPI, AggregationRun, Bucket, Kind, Metric, Unit
from events import keys
from events import services as intake
from events.arrivals import Arrival
from pipeline import aggregate as aggregating
from pipeline import drain
from timegrid import buckets

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
numbers = count()


def namespace() -> int:
    """Returns the id of a new namespace."""
    return Namespace.objects.create(name=f"namespace {next(numbers)}").pk


def metric(name: str, kind: Kind, event_name: str = "", **fields: object) -> Metric:
    """Adds a metric that needs no rebuild, unless `built_as` says otherwise."""
    fields = {"unit": Unit.COUNT, **fields}
    one = Metric(name=name, kind=kind, event_name=event_name, **fields)
    if "built_as" not in fields:
        one.built_as = one.definition
    one.save()
    return one


def kpi(name: str, formula: str, **fields: object) -> KPI:
    fields = {"unit": Unit.COUNT, "display_name": name.title(), **fields}
    return KPI.objects.create(name=name, formula=formula, **fields)


def event(
    name: str,
    at: datetime = NOON,
    *,
    user: int = 1,
    value: Decimal | str | None = None,
    item: str | None = None,
    order: str | None = None,
    session: str | None = None,
) -> Arrival:
    """Returns an event that belongs to no namespace yet."""
    return Arrival(
        namespace_id=0,
        shard=keys.shard_number(user),
        user_key=user,
        event_name=name,
        occurred_at=at,
        value=None if value is None else Decimal(value),
        item_id=item,
        order_id=order,
        session_id=session,
        ensure_goal=False,
        event_hash=None,
    )


def arrive(shop: int, events: Iterable[Arrival]) -> None:
    """Puts events into the inbox, in this order, and drains it."""
    arrivals = [one._replace(namespace_id=shop) for one in events]
    intake.record(arrivals=arrivals, received_at=NOON)
    drain.drain_all(at=NOON)


def aggregate(shop: int) -> AggregationRun | None:
    return aggregating.aggregate(namespace_id=shop, at=NOON)


def stored(shop: int, name: str, resolution: int = 300) -> dict[datetime, Decimal]:
    """Returns a metric's buckets: start → value, exact."""
    found = Bucket.objects.filter(
        namespace_id=shop, metric__name=name, resolution=resolution
    )
    return dict(found.values_list("start_at", "value"))


def fill(
    shop: int, name: str, sums: Mapping[datetime, Decimal | int | str], segment: int = 0
) -> None:
    """Stores a metric's sums as an aggregation would have, hours and days included."""
    found: defaultdict[tuple[int, datetime], Decimal] = defaultdict(Decimal)
    for at, value in sums.items():
        for resolution in (300, 3600, 86400):
            start_at = buckets.floor(at, resolution=resolution)
            found[resolution, start_at] += Decimal(value)
    metric = Metric.objects.get(name=name)
    Bucket.objects.bulk_create(
        Bucket(
            namespace_id=shop,
            metric=metric,
            segment=segment,
            resolution=resolution,
            start_at=start_at,
            value=value,
        )
        for (resolution, start_at), value in found.items()
        if value  # an absent bucket is zero
    )
