"""The metrics and KPIs that Abacus ships: a start, which staff then make their own.

Event names are parameters: an installation may send "order_completed" for "purchase".
"""

from collections.abc import Mapping

from analytics.models import KPI, Kind, Metric, Unit
from events import queries as event_queries

PURCHASE = "purchase"
CLICK = "recommendation_click"
SHOWN = "recommendation_view"
LOOK = "product_view"
EVENTS = (PURCHASE, CLICK, SHOWN, LOOK, "add_to_cart")

# name, kind, event name, the event before it, unit, description
METRICS = [
    (
        "total_revenue",
        Kind.SUM,
        PURCHASE,
        "",
        Unit.USD,
        "Value of purchases; without one, the item's latest price.",
    ),
    (
        "direct_revenue",
        Kind.ATTRIBUTED_SUM,
        PURCHASE,
        CLICK,
        Unit.USD,
        "The same, of items that the user clicked as recommended in the 48 h before.",
    ),
    (
        "count_orders",
        Kind.ORDERS,
        PURCHASE,
        "",
        Unit.COUNT,
        "Orders, of one line or several.",
    ),
    (
        "count_direct_orders",
        Kind.ATTRIBUTED_ORDERS,
        PURCHASE,
        CLICK,
        Unit.COUNT,
        "Orders with an item that was clicked as recommended in the 48 h before.",
    ),
    (
        "count_sessions",
        Kind.SESSIONS,
        "",
        "",
        Unit.COUNT,
        "Sessions: a new one after 30 minutes of silence, or with a new session_id.",
    ),
    (
        "count_sessions_w_purchases",
        Kind.SESSIONS_WITH,
        PURCHASE,
        "",
        Unit.COUNT,
        "Sessions in which something was bought.",
    ),
    (
        "count_recommendation_views",
        Kind.COUNT,
        SHOWN,
        "",
        Unit.COUNT,
        "Recommendations shown.",
    ),
    (
        "count_recommendation_clicks",
        Kind.COUNT,
        CLICK,
        "",
        Unit.COUNT,
        "Recommendations clicked.",
    ),
    (
        "count_product_views",
        Kind.COUNT,
        LOOK,
        "",
        Unit.COUNT,
        "Product pages looked at.",
    ),
    (
        "count_new_users",
        Kind.UNIQUE,
        "",
        "",
        Unit.COUNT,
        "Users seen for the first time, with any event.",
    ),
]
# name, display name, unit, formula, description
KPIS = [
    (
        "direct_revenue",
        "Direct Revenue",
        Unit.USD,
        "direct_revenue",
        "Revenue from users who bought a recommended item within 48 h of clicking it.",
    ),
    (
        "total_revenue",
        "Total Revenue",
        Unit.USD,
        "total_revenue",
        "Value of all purchases; without one, the latest price of the item.",
    ),
    (
        "direct_revenue_share",
        "Direct Revenue Share",
        Unit.PERCENTAGE,
        "100 * direct_revenue / total_revenue",
        "Direct revenue out of 100 of total revenue.",
    ),
    (
        "aov",
        "Average Order Value",
        Unit.USD,
        "total_revenue / count_orders",
        "Total revenue per order.",
    ),
    (
        "conversion_rate",
        "Conversion Rate",
        Unit.PERCENTAGE,
        "100 * count_sessions_w_purchases / count_sessions",
        "Sessions with a purchase out of 100 sessions.",
    ),
    (
        "click_through_rate",
        "Click-Through Rate",
        Unit.PERCENTAGE,
        "100 * count_recommendation_clicks / count_recommendation_views",
        "Recommendations clicked out of 100 shown.",
    ),
    (
        "revenue_per_session",
        "Revenue per Session",
        Unit.USD,
        "total_revenue / count_sessions",
        "Total revenue per session, with or without a purchase.",
    ),
    (
        "count_orders",
        "Orders",
        Unit.COUNT,
        "count_orders",
        "Orders, of one line or several.",
    ),
    (
        "count_sessions",
        "Sessions",
        Unit.COUNT,
        "count_sessions",
        "Visits to the shop; after 30 minutes of silence, another one starts.",
    ),
    (
        "new_users",
        "New Users",
        Unit.COUNT,
        "count_new_users",
        "Users seen for the first time.",
    ),
]


def metrics(names: Mapping[str, str]) -> list[Metric]:
    """Returns the shipped metrics; `names` renames the events they look at.

    While no history is kept, nothing is missing in their buckets: they are built.
    """
    shipped = [
        Metric(
            name=name,
            kind=kind,
            event_name=names.get(event_name, event_name),
            after=names.get(after, after),
            unit=unit,
            description=description,
        )
        for name, kind, event_name, after, unit, description in METRICS
    ]
    if not event_queries.has_history():
        for metric in shipped:
            metric.built_as = metric.definition
    return shipped


def kpis() -> list[KPI]:
    """Returns the shipped KPIs in the order in which they should be shown."""
    return [
        KPI(
            name=name,
            position=10 * number,
            display_name=display_name,
            unit=unit,
            formula=formula,
            description=description,
        )
        for number, (name, display_name, unit, formula, description) in enumerate(
            KPIS, start=1
        )
    ]
