import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import analytics.models.reports


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("analytics", "0002_shop_numbers"),
        ("segmentation", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="bucket",
            name="parts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DecimalField(decimal_places=6, max_digits=38),
                help_text="Of a tested leaf: the value by the users' shards.",
                null=True,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="aggregationrun",
            name="cause",
            field=models.CharField(
                choices=[
                    ("events", "new events or prices"),
                    ("rebuild", "rebuild of a metric"),
                    ("replace", "import that replaced a span"),
                    ("fill", "fill of a segmentation"),
                    ("push", "values pushed by another program"),
                    ("load", "buckets loaded from a file"),
                ],
                default="events",
                max_length=16,
            ),
        ),
        migrations.CreateModel(
            name="ReportSchedule",
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
                    "name",
                    models.CharField(
                        help_text="The subject of its e-mails.", max_length=100
                    ),
                ),
                (
                    "frequency",
                    models.CharField(
                        choices=[
                            ("daily", "Daily"),
                            ("weekly", "Weekly"),
                            ("monthly", "Monthly"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="UTC",
                        help_text="By whose clock days, weeks and months end.",
                        max_length=64,
                        validators=[analytics.models.reports.zone_name],
                    ),
                ),
                (
                    "recipients",
                    models.JSONField(
                        default=list, validators=[analytics.models.reports.addresses]
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("csv", "CSV"), ("xlsx", "Excel"), ("json", "JSON")],
                        default="xlsx",
                        max_length=4,
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                (
                    "kpis",
                    models.ManyToManyField(
                        blank=True,
                        help_text="None stands for all of them.",
                        to="analytics.kpi",
                        verbose_name="KPIs",
                    ),
                ),
                (
                    "namespace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.namespace",
                    ),
                ),
                (
                    "segmentation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="segmentation.segmentation",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=analytics.models.reports.new_task_id,
                        editable=False,
                        max_length=20,
                        primary_key=True,
                        serialize=False,
                        verbose_name="task id",
                    ),
                ),
                (
                    "period_start_at",
                    models.DateTimeField(
                        help_text="Of a schedule: the start of what it reports on.",
                        null=True,
                    ),
                ),
                ("payload", models.JSONField(help_text="What was asked for, checked.")),
                (
                    "digest",
                    models.CharField(help_text="A hash of the payload.", max_length=32),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("REQUEST_SENT", "waiting"),
                            ("RUNNING", "running"),
                            ("COMPLETED", "completed"),
                            ("FAILED", "failed"),
                            ("CANCELLED", "cancelled"),
                        ],
                        default="REQUEST_SENT",
                        max_length=12,
                    ),
                ),
                (
                    "progress",
                    models.PositiveSmallIntegerField(default=0, help_text="percent"),
                ),
                (
                    "message",
                    models.TextField(
                        blank=True, help_text="For people: what went wrong."
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("held_until", models.DateTimeField(null=True)),
                ("requested_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("mailed_at", models.DateTimeField(null=True)),
                ("mail_attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "mail_after",
                    models.DateTimeField(help_text="The next attempt.", null=True),
                ),
                (
                    "file",
                    models.FileField(blank=True, max_length=200, upload_to="reports"),
                ),
                (
                    "file_name",
                    models.CharField(
                        blank=True,
                        help_text="What a download is called.",
                        max_length=200,
                    ),
                ),
                ("size", models.PositiveBigIntegerField(default=0, help_text="bytes")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "namespace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.namespace",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "schedule",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="analytics.reportschedule",
                    ),
                ),
            ],
            options={
                "ordering": ["-requested_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Fill",
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
                    "definition",
                    models.CharField(
                        help_text="Of the segmentation's cut, as it is filled.",
                        max_length=32,
                    ),
                ),
                (
                    "from_at",
                    models.DateTimeField(
                        help_text="Since then, every leaf is complete."
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("done", models.PositiveSmallIntegerField(default=0, help_text="days")),
                (
                    "total",
                    models.PositiveSmallIntegerField(default=0, help_text="days"),
                ),
                (
                    "segmentation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to="segmentation.segmentation",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)),
                        fields=("segmentation",),
                        name="fill_is_under_way_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("done__lte", models.F("total"))),
                        name="fill_is_at_most_done",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="reportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("frequency__in", ["daily", "weekly", "monthly"])),
                name="schedule_frequency_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportschedule",
            constraint=models.CheckConstraint(
                condition=models.Q(("format__in", ["csv", "xlsx", "json"])),
                name="schedule_format_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["REQUEST_SENT", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"],
                    )
                ),
                name="report_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("progress__lte", 100)),
                name="report_progress_is_percent",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("finished_at", None),
                        ("status__in", ("REQUEST_SENT", "RUNNING")),
                    ),
                    models.Q(
                        models.Q(
                            ("status__in", ("REQUEST_SENT", "RUNNING")), _negated=True
                        ),
                        ("finished_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="report_has_ended_or_not",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("schedule", None), ("status__in", ("REQUEST_SENT", "RUNNING"))
                ),
                fields=("namespace", "digest"),
                name="report_is_made_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(
                fields=("schedule", "period_start_at"),
                name="report_of_a_schedule_once_a_period",
            ),
        ),
    ]
