"""Who may ask, and for which namespace."""

from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.auth.password_validation import validate_password
from django.core.validators import RegexValidator
from django.db import models
from django.utils.functional import cached_property

DEFAULT_NAMESPACE = "default"


class Role(models.TextChoices):
    ROOT = "root"
    MANAGER = "manager"
    BACKEND = "backend"


class NamespaceQuerySet(models.QuerySet["Namespace"]):
    def visible_to(self, user: "User") -> Self:
        """Root sees every namespace, others their own."""
        return self if user.role == Role.ROOT else self.filter(members=user)


class Namespace(models.Model):
    """A closed world of events, users and numbers: one shop, one product."""

    name = models.CharField(
        max_length=200,
        unique=True,
        validators=[RegexValidator(r"\A[^\x00-\x1f\x7f-\x9f]+\Z")],
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = NamespaceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class AccountManager(UserManager["User"]):
    def create_superuser(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **fields: Any,
    ) -> "User":
        """As Django's, with the role that a superuser always has.

        Raises ValidationError for a weak password, which its command takes from the
        environment as it is.
        """
        if password is not None:
            validate_password(password, User(username=username, email=email or ""))
        return super().create_superuser(
            username, email, password, **{"role": Role.ROOT, **fields}
        )


class User(AbstractUser):
    """An account of a person or a program. Root is exactly the superuser.

    What it may do follows from its role and its namespaces; Django's staff mark, groups
    and permissions have no say.
    """

    role = models.CharField(max_length=16, choices=Role, default=Role.BACKEND)
    namespaces = models.ManyToManyField(Namespace, related_name="members", blank=True)

    objects: ClassVar[AccountManager] = AccountManager()

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role=Role.ROOT, is_superuser=True)
                | models.Q(~models.Q(role=Role.ROOT), is_superuser=False),
                name="root_is_exactly_the_superuser",
                violation_error_message="Root is exactly the superuser: "
                "set both, or neither.",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="role_is_known"
            ),
        ]

    @cached_property
    def namespace_ids(self) -> frozenset[int]:
        """Its own namespaces, read once: an instance lives as long as its request."""
        return frozenset(self.namespaces.values_list("pk", flat=True))
