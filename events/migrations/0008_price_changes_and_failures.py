"""Changes of prices in rows of their own, and what periodic work failed at."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Coalesce

# As batches': the table wants the namespace first.
CHANGES = """
ALTER TABLE events_pricechange DROP CONSTRAINT events_pricechange_pkey;
ALTER TABLE events_pricechange ADD PRIMARY KEY (namespace_id, id);
INSERT INTO events_pricechange (namespace_id, item_id, changed_at, aggregated_at)
SELECT namespace_id, item_id, updated_at, aggregated_at FROM events_itemprice;
"""
NO_CHANGES = """
ALTER TABLE events_pricechange DROP CONSTRAINT events_pricechange_pkey;
ALTER TABLE events_pricechange ADD PRIMARY KEY (id);
"""
PENDING = models.Q(aggregated_at=None)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("events", "0007_names_in_use")]
    operations = [
        migrations.CreateModel(
            name="PriceChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        "accounts.Namespace",
                        on_delete=django.db.models.deletion.PROTECT,
                        db_index=False,
                    ),
                ),
                ("item_id", models.CharField(max_length=200)),
                ("changed_at", models.DateTimeField()),
                ("aggregated_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunSQL(CHANGES, NO_CHANGES),
        migrations.RemoveIndex("itemprice", "price_pending"),
        migrations.RemoveField("itemprice", "aggregated_at"),
        migrations.AddIndex(
            "pricechange",
            models.Index(
                fields=["namespace", "changed_at"],
                condition=PENDING,
                name="price_change_pending",
            ),
        ),
        migrations.RemoveIndex("batch", "batch_pending"),
        migrations.AddIndex(
            "batch",
            models.Index(
                fields=["drained_at"], condition=PENDING, name="batch_pending"
            ),
        ),
        migrations.AddIndex(
            "batch",
            models.Index(
                "namespace",
                Coalesce("received_at", "drained_at"),
                condition=PENDING,
                name="batch_pending_by_namespace",
            ),
        ),
        migrations.CreateModel(
            name="Failure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("work", models.CharField(max_length=20)),
                (
                    "subject",
                    models.BigIntegerField(
                        help_text="The number of its namespace, rebuild or fill, or of a day."
                    ),
                ),
                (
                    "error",
                    models.CharField(
                        max_length=100, help_text="Its class; the log says more."
                    ),
                ),
                ("times", models.PositiveIntegerField(help_text="In a row.")),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
            options={"ordering": ["-last_at", "work", "subject"]},
        ),
        migrations.AddConstraint(
            "failure",
            models.UniqueConstraint(fields=("work", "subject"), name="failure_once"),
        ),
    ]
