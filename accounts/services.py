"""Writes: accounts, their tokens, and namespaces that come with their first event."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from knox.models import AuthToken
from rest_framework import exceptions

from accounts import queries
from accounts.models import Namespace, Role, User
from accounts.queries import Scope

LIFETIME = timedelta(days=settings.TOKEN_DAYS) if settings.TOKEN_DAYS else None


@transaction.atomic
def issue_token(
    *,
    username: str,
    role: str,
    namespaces: Iterable[str],
    lifetime: timedelta | None = LIFETIME,
) -> str:
    """Returns a new token's only plain copy; the account is created if needed.

    An existing account keeps its role: asking for another raises ValidationError, as
    does a name that cannot be stored and an account that was switched off.
    """
    User._meta.get_field("username").clean(username, None)
    user, _ = User.objects.get_or_create(
        username=username,
        defaults={
            "role": role,
            "is_superuser": role == Role.ROOT,
            "password": make_password(None),
        },
    )
    if user.role != role:
        message = f"{username} exists with the role {user.role}, not {role}"
        raise ValidationError(message)
    if not user.is_active:
        raise ValidationError(f"{username} exists, but is not active")
    user.namespaces.add(*ensure_namespaces(namespaces).values())
    return new_token(user, lifetime=lifetime)


def new_token(user: User, *, lifetime: timedelta | None = LIFETIME) -> str:
    """Returns a token's only plain copy: the database keeps its digest.

    Without a lifetime it is valid until it is revoked.
    """
    _, token = AuthToken.objects.create(user=user, expiry=lifetime)
    return str(token)


def ensure_namespaces(names: Iterable[str]) -> dict[str, int]:
    """Returns name → id, creating what is missing; safe to run at the same time.

    Raises ValidationError for a name that no namespace may have.
    """
    wanted = sorted(set(names))
    for name in wanted:
        Namespace._meta.get_field("name").clean(name, None)
    Namespace.objects.bulk_create(
        (Namespace(name=name) for name in wanted), ignore_conflicts=True
    )
    rows = Namespace.objects.filter(name__in=wanted).values_list("name", "id")
    return dict(rows)


def writable_scopes(
    *, user: User, names: AbstractSet[str | None]
) -> dict[str | None, Scope]:
    """Returns the namespaces to write into, by the name asked for.

    Usually one query. Root's first write creates a namespace; for others, a namespace
    that they are no members of raises PermissionDenied.
    """
    scopes = queries.scopes(user=user, names=names)
    asked = {name: queries.wanted(name, user=user, scopes=scopes) for name in names}
    unknown = set(asked.values()) - scopes.keys()
    if unknown and user.role != Role.ROOT:
        raise exceptions.PermissionDenied(queries.not_a_member(unknown))
    if unknown:
        scopes |= created(unknown)
    return {name: scopes[wanted] for name, wanted in asked.items()}


def created(names: AbstractSet[str]) -> dict[str, Scope]:
    """Creates namespaces. Raises ValidationError (DRF's) for an impossible name."""
    try:
        made = ensure_namespaces(names)
    except ValidationError as error:
        raise exceptions.ValidationError({"namespace": error.messages}) from None
    return {name: Scope(id, name) for name, id in made.items()}
