"""A shop's past, made up in SQL: users come in visits, look around, click and buy."""

from datetime import timedelta

from db import sql
from events import names
from events import services as event_services
from timegrid.buckets import Span

# Of 100 events; a visit has eight of them on the average.
SHARES = (
    ("product_view", 60),
    ("recommendation_view", 84),
    ("recommendation_click", 93),
    ("add_to_cart", 98),
    ("purchase", 100),
)
FILL = """
INSERT INTO events_event (
    id, user_key, occurred_at, batch_id, namespace_id, event_name_id, first_of_name,
    first_of_user, value, item_id, order_id, session_id
)
SELECT (%(first)s + row_number() OVER ())::bigint, user_key,
    least(began_at + step * interval '47 seconds' * random(), %(end)s), %(batch)s,
    %(namespace_id)s, name, false, false,
    CASE WHEN name = %(purchase)s THEN round((random() * 100)::numeric, 2) END,
    'item-' || floor(random() * 20),
    CASE WHEN name = %(purchase)s THEN 'order-' || visit END,
    CASE WHEN visit %% 2 = 0 THEN 'session-' || visit END
FROM (
    SELECT visit, began_at, user_key, step,
        (%(names)s::int[])[1 + width_bucket(random() * 100, %(bounds)s)] AS name
    FROM (
        SELECT (%(first)s + visit)::bigint AS visit,
            hashtextextended('user', floor(random() * %(users)s)::bigint) AS user_key,
            %(start)s + random() * (%(end)s - %(start)s::timestamptz) AS began_at,
            1 + floor(random() * 15)::int AS steps
        FROM generate_series(1, %(visits)s) AS visit OFFSET 0
    ) AS made, generate_series(1, steps) AS step
) AS made ORDER BY 3
"""


def fill(
    *,
    namespace_id: int,
    visits: int,
    users: int,
    span: Span,
    batch: int,
) -> int:
    """Puts visits, of eight events each, into history; returns how many events."""
    found = names.ensure({(namespace_id, name) for name, _ in SHARES})
    first_day = span.start_at.date()
    days = (span.end_at.date() - first_day).days + 1
    event_services.ensure_days(first_day + timedelta(days=day) for day in range(days))
    [(first,)] = sql.fetch("SELECT coalesce(max(id), 0) FROM events_event")
    return sql.execute(
        FILL,
        namespace_id=namespace_id,
        visits=visits,
        users=users,
        start=span.start_at,
        end=span.end_at - timedelta.resolution,
        batch=batch,
        first=first,
        names=[found[namespace_id, name] for name, _ in SHARES],
        bounds=[float(bound) for _, bound in SHARES[:-1]],
        purchase=found[namespace_id, "purchase"],
    )
