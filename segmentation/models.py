"""Who is in which group, and how numbers are cut by it."""

import secrets
import string
from decimal import Decimal

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

ALPHABET = string.ascii_lowercase + string.digits
readable_id = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z",
    "Write 1 to 64 letters, digits, dots, dashes and underscores, beginning with a "
    "letter or a digit.",
)


def new_id() -> str:
    """Returns eight random letters and digits: about 41 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


def new_salt() -> str:
    """Returns sixteen random hexadecimal digits, so that tests are independent."""
    return secrets.token_hex(8)


class ABTest(models.Model):
    """Users drawn into group A, group B, or neither, for a time.

    Who is in which group follows from the salt and the shares alone.
    """

    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    name = models.CharField(
        "id",
        max_length=64,
        validators=[readable_id],
        help_text="What segmentations and programs call it.",
    )
    salt = models.CharField(max_length=64, default=new_salt)
    share_a = models.DecimalField(
        "share of A",
        max_digits=5,
        decimal_places=2,
        default=Decimal(50),
        help_text="Percent of all users.",
    )
    share_b = models.DecimalField(
        "share of B",
        max_digits=5,
        decimal_places=2,
        default=Decimal(50),
        help_text="Percent of all users; the rest is in neither group.",
    )
    start_at = models.DateTimeField(help_text="Before it, nobody is in a group.")
    end_at = models.DateTimeField(
        null=True, blank=True, help_text="From then on, nobody is in a group."
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "A/B test"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "name"], name="ab_test_once_in_namespace"
            ),
            models.CheckConstraint(
                condition=Q(share_a__gt=0, share_b__gt=0)
                & Q(share_a__lte=100 - F("share_b")),
                name="ab_test_shares_are_percent",
                violation_error_message="Both shares are above 0, and at most 100 "
                "percent together.",
            ),
            models.CheckConstraint(
                condition=Q(end_at=None) | Q(end_at__gt=F("start_at")),
                name="ab_test_ends_after_its_start",
                violation_error_message="It must end after its start.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Segmentation(models.Model):
    """A tree of A/B tests whose leaves cut every number of the namespace.

    The tree is never changed: another one is another segmentation.
    """

    id = models.CharField(
        primary_key=True, max_length=8, default=new_id, editable=False
    )
    namespace = models.ForeignKey(
        "accounts.Namespace", on_delete=models.PROTECT, db_index=False
    )
    name = models.CharField(max_length=64)
    tree = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["namespace", "name"], name="segmentation_once_in_namespace"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Segment(models.Model):
    """A leaf of a segmentation, by the number that its buckets carry."""

    id = models.AutoField(primary_key=True)
    segmentation = models.ForeignKey(
        Segmentation, on_delete=models.CASCADE, db_index=False
    )
    position = models.PositiveSmallIntegerField(help_text="In the tree, from 0.")
    path = models.TextField(help_text="The groups that lead to it, for people.")

    class Meta:
        ordering = ["segmentation", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["segmentation", "position"], name="segment_once_in_tree"
            ),
        ]

    def __str__(self) -> str:
        return self.path
