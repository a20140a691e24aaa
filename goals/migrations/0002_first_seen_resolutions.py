"""First-seen users at every stored resolution, summed from those in five minutes."""

from django.db import migrations, models

FORWARDS = """
ALTER TABLE goals_firstseen ADD COLUMN resolution integer NOT NULL DEFAULT 300
    CONSTRAINT first_seen_resolution_is_stored CHECK (resolution IN (300, 3600, 86400));
ALTER TABLE goals_firstseen ALTER COLUMN resolution DROP DEFAULT;
ALTER TABLE goals_firstseen DROP CONSTRAINT goals_firstseen_pkey;
ALTER TABLE goals_firstseen
    ADD PRIMARY KEY (namespace_id, resolution, start_at, event_name_id, shard);
INSERT INTO goals_firstseen
    (namespace_id, resolution, start_at, event_name_id, shard, count)
SELECT namespace_id, coarse, date_bin(make_interval(secs => coarse), start_at, 'epoch'),
    event_name_id, shard, sum(count)
FROM goals_firstseen, unnest(ARRAY[3600, 86400]) AS coarse GROUP BY 1, 2, 3, 4, 5;
"""
BACKWARDS = """
DELETE FROM goals_firstseen WHERE resolution > 300;
ALTER TABLE goals_firstseen DROP CONSTRAINT goals_firstseen_pkey;
ALTER TABLE goals_firstseen DROP COLUMN resolution;
ALTER TABLE goals_firstseen
    ADD PRIMARY KEY (namespace_id, event_name_id, start_at, shard);
"""
KEY = ("namespace_id", "resolution", "start_at", "event_name_id", "shard")
STATE = [
    migrations.AddField(
        "firstseen",
        "resolution",
        models.IntegerField(default=300, help_text="seconds"),
        preserve_default=False,
    ),
    migrations.AlterField(
        "firstseen",
        "pk",
        models.CompositePrimaryKey(
            *KEY, blank=True, editable=False, primary_key=True, serialize=False
        ),
    ),
    migrations.AddConstraint(
        "firstseen",
        models.CheckConstraint(
            condition=models.Q(resolution__in=[300, 3600, 86400]),
            name="first_seen_resolution_is_stored",
        ),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("goals", "0001_initial")]
    operations = [
        migrations.RunSQL(FORWARDS, BACKWARDS, state_operations=STATE),
    ]
