"""Finds what else a user did around an event, and the other lines of an order."""

from django.db import migrations

CREATE = """
CREATE INDEX events_event_by_user
ON events_event (namespace_id, user_key, occurred_at);
CREATE INDEX events_event_by_order
ON events_event (namespace_id, order_id, occurred_at) WHERE order_id IS NOT NULL;
"""
DROP = "DROP INDEX events_event_by_user, events_event_by_order"


class Migration(migrations.Migration):
    dependencies = [("events", "0004_imports_and_runs")]
    operations = [migrations.RunSQL(CREATE, DROP)]
