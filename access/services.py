"""Writes: accounts, their tokens, and namespaces that come with their first event."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from django.db import transaction
from knox.models import AuthToken
from rest_framework.exceptions import PermissionDenied

from access import queries
from access.models import Namespace, Role, User
from access.queries import Scope


@transaction.atomic
def issue_token(*, username: str, role: str, namespaces: Iterable[str]) -> str:
    """Returns a new token's only plain copy; the account is created if needed.

    An existing account keeps its role: asking for another is a ValueError.
    """
    user, created = User.objects.get_or_create(
        username=username, defaults={"role": role, "is_superuser": role == Role.ROOT}
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    if user.role != role:
        raise ValueError(f"{username} exists with the role {user.role}, not {role}")
    user.namespaces.add(*ensure_namespaces(namespaces).values())
    _, token = AuthToken.objects.create(user=user)
    return str(token)


def ensure_namespaces(names: Iterable[str]) -> dict[str, int]:
    """Returns name → id, creating what is missing; safe to run at the same time."""
    wanted = sorted(set(names))
    Namespace.objects.bulk_create(
        (Namespace(name=name) for name in wanted), ignore_conflicts=True
    )
    found = Namespace.objects.filter(name__in=wanted).values_list("name", "id")
    return dict(found)


def writable_scopes(
    *, user: User, names: AbstractSet[str | None]
) -> dict[str | None, Scope]:
    """Returns the namespaces to write into, by the name asked for.

    Usually one query. Root's first write creates a namespace; for others, a namespace
    that they are no members of raises PermissionDenied.
    """
    found = queries.scopes(user=user, names=names)
    asked = {name: queries.wanted(name, user=user, found=found) for name in names}
    unknown = set(asked.values()) - found.keys()
    if unknown and user.role != Role.ROOT:
        raise PermissionDenied(queries.not_a_member(unknown))
    if unknown:
        made = ensure_namespaces(unknown)
        found |= {name: Scope(id, name) for name, id in made.items()}
    return {name: found[wanted] for name, wanted in asked.items()}
