from django.db import migrations

# `groups.slot` in SQL. Plain enough for the planner to write it into the statement
# that calls it: no call a row.
SLOT = """
CREATE FUNCTION segmentation_slot(salt bytea, user_key bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
    ('x' || left(encode(sha256(salt || int8send(user_key)), 'hex'), 8))::bit(32)::bigint
    % 10000
)::int
"""


class Migration(migrations.Migration):
    dependencies = [("segmentation", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SLOT, reverse_sql="DROP FUNCTION segmentation_slot(bytea, bigint)"
        )
    ]
