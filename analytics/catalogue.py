"""The metrics and KPIs that Abacus ships: a start, which staff then make their own.

Event names are parameters: an installation may send "order_completed" for "purchase".
"""

from collections.abc import Mapping

from analytics.models import KPI, Kind, Metric, Unit

EVENTS = ("purchase", "recommendation_click", "recommendation_view", "product_view")


def metrics(events: Mapping[str, str]) -> list[Metric]:
    """Returns the shipped metrics; `events` renames the event names they look at."""
    purchase, click, view, product = (events.get(name, name) for name in EVENTS)
    return [
        Metric(
            name="total_revenue",
            kind=Kind.SUM,
            event_name=purchase,
            unit=Unit.USD,
            description="Value of purchases; without one, the item's latest price.",
        ),
        Metric(
            name="count_recommendation_views",
            kind=Kind.COUNT,
            event_name=view,
            unit=Unit.COUNT,
            description="Recommendations shown.",
        ),
        Metric(
            name="count_recommendation_clicks",
            kind=Kind.COUNT,
            event_name=click,
            unit=Unit.COUNT,
            description="Recommendations clicked.",
        ),
        Metric(
            name="count_product_views",
            kind=Kind.COUNT,
            event_name=product,
            unit=Unit.COUNT,
            description="Product pages looked at.",
        ),
        Metric(
            name="count_new_users",
            kind=Kind.UNIQUE,
            unit=Unit.COUNT,
            description="Users seen for the first time, with any event.",
        ),
    ]


def kpis() -> list[KPI]:
    """Returns the shipped KPIs in the order in which they should be shown."""
    shipped = [
        KPI(
            name="total_revenue",
            display_name="Total Revenue",
            unit=Unit.USD,
            description="Total revenue generated: the value of all purchases, or the "
            "latest price of the item where a purchase carries no value.",
            formula="total_revenue",
        ),
        KPI(
            name="click_through_rate",
            display_name="Click-Through Rate",
            unit=Unit.PERCENTAGE,
            description="Recommendations clicked out of 100 shown.",
            formula="100 * count_recommendation_clicks / count_recommendation_views",
        ),
        KPI(
            name="new_users",
            display_name="New Users",
            unit=Unit.COUNT,
            description="Users seen for the first time.",
            formula="count_new_users",
        ),
    ]
    for position, kpi in enumerate(shipped, start=1):
        kpi.position = 10 * position
    return shipped
