"""KPI values out: what a dashboard waits for, whatever the length of history."""

import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from analytics.models import KPI, Kind, Metric, Unit
from benchmarks import http
from benchmarks.report import Finding, milliseconds
from db import sql

ROUNDS = 300
FILL = """
INSERT INTO analytics_bucket
    (namespace_id, resolution, metric_id, segment, start_at, value)
SELECT %(namespace_id)s, %(resolution)s, metric.id, 0, start_at, 1 + random() * 1000
FROM analytics_metric AS metric, generate_series(
    date_trunc('day', now()) - make_interval(days => %(days)s), now(),
    make_interval(secs => %(resolution)s)
) AS start_at
WHERE metric.name LIKE 'bench%%'
"""


def catalogue() -> list[str]:
    """Adds ten metrics and ten KPIs, each of two metrics; returns the KPIs' names."""
    names = [f"bench_{number}" for number in range(10)]
    Metric.objects.bulk_create(
        Metric(name=name, kind=Kind.COUNT, event_name=name, unit=Unit.COUNT)
        for name in names
    )
    KPI.objects.bulk_create(
        KPI(name=name, formula=f"100 * {name} / {names[9 - at]}", unit=Unit.PERCENTAGE)
        for at, name in enumerate(names)
    )
    return names


def history(namespace_id: int, *, days: int) -> None:
    """Stores buckets of all resolutions that far back."""
    for resolution in (300, 3_600, 86_400):
        sql.execute(FILL, namespace_id=namespace_id, resolution=resolution, days=days)


def path(names: list[str], *, namespace: str, days: int) -> str:
    end = datetime.now(UTC)
    start = end - timedelta(days=days)
    kpis = "".join(f"&kpis={name}" for name in names)
    return (
        f"/analytics/kpis/values/?namespace={namespace}&granularity=1d{kpis}"
        f"&start_timestamp={start.timestamp()}&end_timestamp={end.timestamp()}"
    )


def sample(paths: list[str], *, port: int, token: str) -> list[list[float]]:
    """Asks for each path ROUNDS times, in turn, over one connection."""
    requests: list[http.Request] = [("GET", one, None) for one in paths]
    http.send(requests * 20, port=port, token=token, connections=1)
    durations = http.send(requests * ROUNDS, port=port, token=token, connections=1)
    return [durations[start :: len(paths)] for start in range(len(paths))]


def run(port: int, token: str, *, long: int, short: int) -> Iterator[Finding]:
    """`long` and `short` are the namespaces that hold 5 years and one month."""
    names = catalogue()
    history(long, days=5 * 365)
    history(short, days=31)
    sql.execute("VACUUM ANALYZE analytics_bucket")
    configs = "/analytics/kpis/configs/?" + "&".join(f"kpis={name}" for name in names)
    paths = [
        configs,
        path(names, namespace="long", days=364),
        path(names, namespace="long", days=30),
        path(names, namespace="short", days=30),
    ]
    config, year, of_long, of_short = sample(paths, port=port, token=token)
    yield Finding(
        "10 KPIs, a year by day / kpis/configs/",
        ratio=statistics.median(year) / statistics.median(config),
        bar=2.0,
        at_least=False,
        details=f"values {milliseconds(year)}; configs {milliseconds(config)}",
    )
    yield Finding(
        "30 days by day: 5 years of history / 1 month",
        ratio=statistics.median(of_long) / statistics.median(of_short),
        bar=1.2,
        at_least=False,
        details=f"5 years {milliseconds(of_long)}; 1 month {milliseconds(of_short)}",
    )
