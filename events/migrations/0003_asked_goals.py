"""Finds the first event waiting anywhere that asks for its name to be a goal."""

from django.db import migrations

CREATE = """
CREATE INDEX events_inboxevent_asked_goals
ON events_inboxevent (namespace_id, event_name_id, id) WHERE ensure_goal
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_inbox_history")]
    operations = [migrations.RunSQL(CREATE, "DROP INDEX events_inboxevent_asked_goals")]
