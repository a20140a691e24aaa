"""Feature flags, edited by staff and over HTTP."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact

from api import schema_errors
from flags import rules

FLAG_LIMIT = 1_000


def user_rules(value: Any) -> None:
    """Refuses what the API would refuse as a flag's `user`, rule by rule."""
    if not isinstance(value, list):
        raise ValidationError("Write a list of rules: [{…}, …]")
    advices = (
        (number, rules.advice(rule)) for number, rule in enumerate(value, start=1)
    )
    wrong = [f"Rule {number}: {advice}." for number, advice in advices if advice]
    if wrong:
        raise ValidationError(wrong)
    if excess := rules.excess(value):
        raise ValidationError(f"{excess[0].upper()}{excess[1:]}.")


class Flag(models.Model):
    """A feature that is on for everybody, for some users, or for more and more."""

    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    name = models.CharField(
        max_length=200,
        validators=[RegexValidator(rf"\A{schema_errors.TEXT.pattern}\Z")],
        help_text="A rollout reaches users in another order under another name.",
    )
    boolean = models.BooleanField("always on", default=False)
    rollout_start_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="From here to the end, in UTC, more and more users have it.",
    )
    rollout_end_at = models.DateTimeField(null=True, blank=True)
    user_rules = models.JSONField(
        default=list,
        blank=True,
        validators=[user_rules],
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["namespace", "name"], name="flag_once"),
            models.CheckConstraint(
                condition=Q(rollout_start_at=None, rollout_end_at=None)
                | Q(rollout_start_at__isnull=False, rollout_end_at__isnull=False),
                name="rollout_has_both_ends",
                violation_error_message="A rollout has a start and an end: "
                "give both, or neither.",
            ),
            models.CheckConstraint(
                condition=Q(rollout_start_at__lte=F("rollout_end_at")),
                name="rollout_starts_before_its_end",
                violation_error_message="The rollout cannot start after its end.",
            ),
            models.CheckConstraint(
                condition=Exact(
                    models.Func(
                        "user_rules",
                        function="jsonb_typeof",
                        output_field=models.TextField(),
                    ),
                    models.Value("array"),
                ),
                name="user_rules_are_a_list",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuses a flag that its namespace has no place for."""
        others = Flag.objects.filter(namespace_id=self.namespace_id)
        if others.exclude(pk=self.pk).count() >= FLAG_LIMIT:
            raise ValidationError(f"A namespace holds at most {FLAG_LIMIT:,} flags.")
