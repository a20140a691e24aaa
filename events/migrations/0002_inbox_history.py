"""Inbox, history and seen events: the tables that Django's own DDL cannot describe."""

from django.db import migrations

CREATE = """
CREATE TABLE events_inboxevent (
    id bigint GENERATED ALWAYS AS IDENTITY,
    user_key bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    namespace_id bigint NOT NULL,
    event_name_id integer NOT NULL,
    shard smallint NOT NULL CHECK (shard = (user_key & 15)),
    ensure_goal boolean NOT NULL,
    value numeric(20, 6) CHECK (abs(value) <= 1e12),
    item_id text,
    order_id text,
    session_id text,
    PRIMARY KEY (namespace_id, shard, id)
) WITH (
    -- Rows live for seconds: vacuum by count, not by share of the table.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = 100000
);

CREATE TABLE events_event (
    id bigint NOT NULL,
    user_key bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    batch_id bigint NOT NULL,
    namespace_id bigint NOT NULL,
    event_name_id integer NOT NULL,
    first_of_name boolean NOT NULL,
    first_of_user boolean NOT NULL,
    value numeric(20, 6),
    item_id text,
    order_id text,
    session_id text,
    PRIMARY KEY (namespace_id, occurred_at, id)
) PARTITION BY RANGE (occurred_at);

CREATE TABLE events_seenevent (
    namespace_id bigint NOT NULL,
    event_hash uuid NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (namespace_id, event_hash)
);
CREATE INDEX events_seenevent_seen_at ON events_seenevent USING brin (seen_at);

-- What other apps may read: history, its missing values filled from item prices.
CREATE VIEW events_history AS
SELECT event.*, coalesce(event.value, latest.price) AS amount
FROM events_event AS event LEFT JOIN events_itemprice AS latest
    ON event.value IS NULL AND latest.namespace_id = event.namespace_id
    AND latest.item_id = event.item_id;

-- Staff see batches in the admin, which wants one key; the table wants the namespace.
ALTER TABLE events_batch DROP CONSTRAINT events_batch_pkey;
ALTER TABLE events_batch ADD PRIMARY KEY (namespace_id, id);
"""
DROP = """
ALTER TABLE events_batch DROP CONSTRAINT events_batch_pkey;
ALTER TABLE events_batch ADD PRIMARY KEY (id);
DROP VIEW events_history;
DROP TABLE events_seenevent, events_event, events_inboxevent;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, DROP)]
