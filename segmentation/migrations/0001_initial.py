from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import segmentation.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Segmentation",
            fields=[
                (
                    "id",
                    models.CharField(
                        default=segmentation.models.new_id,
                        editable=False,
                        max_length=8,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=64)),
                ("tree", models.JSONField()),
                ("created_at", models.DateTimeField()),
                (
                    "namespace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.namespace",
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Segment",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                (
                    "position",
                    models.PositiveSmallIntegerField(help_text="In the tree, from 0."),
                ),
                (
                    "path",
                    models.TextField(
                        help_text="The groups that lead to it, for people."
                    ),
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
                "ordering": ["segmentation", "position"],
            },
        ),
        migrations.CreateModel(
            name="ABTest",
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
                        help_text="What segmentations and programs call it.",
                        max_length=64,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\\Z",
                                "Write 1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or a digit.",
                            )
                        ],
                        verbose_name="id",
                    ),
                ),
                (
                    "salt",
                    models.CharField(
                        default=segmentation.models.new_salt, max_length=64
                    ),
                ),
                (
                    "share_a",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("50"),
                        help_text="Percent of all users.",
                        max_digits=5,
                        verbose_name="share of A",
                    ),
                ),
                (
                    "share_b",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("50"),
                        help_text="Percent of all users; the rest is in neither group.",
                        max_digits=5,
                        verbose_name="share of B",
                    ),
                ),
                (
                    "start_at",
                    models.DateTimeField(help_text="Before it, nobody is in a group."),
                ),
                (
                    "end_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="From then on, nobody is in a group.",
                        null=True,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "namespace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.namespace",
                    ),
                ),
            ],
            options={
                "verbose_name": "A/B test",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("namespace", "name"), name="ab_test_once_in_namespace"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("share_a__gt", 0),
                            ("share_b__gt", 0),
                            (
                                "share_a__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.Value(100), "-", models.F("share_b")
                                ),
                            ),
                        ),
                        name="ab_test_shares_are_percent",
                        violation_error_message="Both shares are above 0, and at most 100 percent together.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("end_at", None),
                            ("end_at__gt", models.F("start_at")),
                            _connector="OR",
                        ),
                        name="ab_test_ends_after_its_start",
                        violation_error_message="It must end after its start.",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="segmentation",
            constraint=models.UniqueConstraint(
                fields=("namespace", "name"), name="segmentation_once_in_namespace"
            ),
        ),
        migrations.AddConstraint(
            model_name="segment",
            constraint=models.UniqueConstraint(
                fields=("segmentation", "position"), name="segment_once_in_tree"
            ),
        ),
    ]
