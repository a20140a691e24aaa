"""The metrics and KPIs that Abacus ships: a start, which staff then make their own.

Event names are parameters: an installation may send "order_completed" for "purchase".
"""

from collections.abc import Mapping

from analytics.models import KPI, Kind, Metric, Unit

EVENTS = ("purchase", "recommendation_click", "recommendation_view", "product_view")

# name, kind, event name, unit, description
METRICS = [
    (
        "total_revenue",
        Kind.SUM,
        "purchase",
        Unit.USD,
        "Value of purchases; without one, the item's latest price.",
    ),
    (
        "count_recommendation_views",
        Kind.COUNT,
        "recommendation_view",
        Unit.COUNT,
        "Recommendations shown.",
    ),
    (
        "count_recommendation_clicks",
        Kind.COUNT,
        "recommendation_click",
        Unit.COUNT,
        "Recommendations clicked.",
    ),
    (
        "count_product_views",
        Kind.COUNT,
        "product_view",
        Unit.COUNT,
        "Product pages looked at.",
    ),
    (
        "count_new_users",
        Kind.UNIQUE,
        "",
        Unit.COUNT,
        "Users seen for the first time, with any event.",
    ),
]
# name, display name, unit, formula, description
KPIS = [
    (
        "total_revenue",
        "Total Revenue",
        Unit.USD,
        "total_revenue",
        "Value of all purchases; without one, the latest price of the item.",
    ),
    (
        "click_through_rate",
        "Click-Through Rate",
        Unit.PERCENTAGE,
        "100 * count_recommendation_clicks / count_recommendation_views",
        "Recommendations clicked out of 100 shown.",
    ),
    (
        "new_users",
        "New Users",
        Unit.COUNT,
        "count_new_users",
        "Users seen for the first time.",
    ),
]


def metrics(events: Mapping[str, str]) -> list[Metric]:
    """Returns the shipped metrics; `events` renames the event names they look at."""
    return [
        Metric(
            name=name,
            kind=kind,
            event_name=events.get(event_name, event_name),
            unit=unit,
            description=description,
        )
        for name, kind, event_name, unit, description in METRICS
    ]


def kpis() -> list[KPI]:
    """Returns the shipped KPIs in the order in which they should be shown."""
    return [
        KPI(
            name=name,
            position=10 * place,
            display_name=display_name,
            unit=unit,
            formula=formula,
            description=description,
        )
        for place, (name, display_name, unit, formula, description) in enumerate(
            KPIS, start=1
        )
    ]
