"""Says of a batch up to when the numbers were complete before it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0005_history_by_user_and_order")]
    operations = [
        migrations.AddField(
            "batch",
            "received_at",
            models.DateTimeField(
                null=True, help_text="When the oldest of its events was received."
            ),
        ),
    ]
