"""Reads: which namespaces a request is about, and whether the caller may see them."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import PermissionDenied, ValidationError

from accounts.models import DEFAULT_NAMESPACE, Namespace, Role, User
from api import brevity
from api.errors import Missing

FEW = 5  # namespaces that a refusal shows


@dataclass(frozen=True, slots=True)
class Scope:
    """A namespace as other apps know it."""

    id: int
    name: str


def named(query: Mapping[str, Any], body: Mapping[str, Any]) -> str | None:
    """Returns the namespace that a request names, in its query or in its body.

    The rule of all endpoints and verbs: both may name it, and then the same; None
    where neither does. What stands further inside, as in an event, is nearer to what
    it is about, and wins over this. Raises ValidationError for a contradiction.
    """
    names = {sent["namespace"] for sent in (query, body) if "namespace" in sent}
    if len(names) > 1:
        message = "The query and the body name different namespaces."
        raise ValidationError({"namespace": [message]})
    return names.pop() if names else None


def scopes(*, user: User, names: AbstractSet[str | None]) -> dict[str, Scope]:
    """Returns the namespaces the caller may see among those asked for, by name.

    One query. Asking for None asks for the caller's own namespace where there is
    exactly one, else for "default": it is found under the key that `wanted` returns.
    """
    visible = Namespace.objects.visible_to(user)
    if user.role == Role.ROOT:
        asked = {name or DEFAULT_NAMESPACE for name in names}
        visible = visible.filter(name__in={name for name in asked if "\0" not in name})
    return {name: Scope(id, name) for id, name in visible.values_list("id", "name")}


def wanted(name: str | None, *, user: User, scopes: dict[str, Scope]) -> str:
    """Returns the name that stands for `name`, None being the caller's default."""
    if name is not None:
        return name
    alone = user.role != Role.ROOT and len(scopes) == 1
    return next(iter(scopes)) if alone else DEFAULT_NAMESPACE


def scope(*, user: User, name: str | None) -> Scope | None:
    """Returns the namespace to read, in one query.

    None means that root asks for a namespace that does not exist (yet). Raises
    PermissionDenied where the caller is no member.
    """
    readable_scopes = scopes(user=user, names={name})
    asked = wanted(name, user=user, scopes=readable_scopes)
    if asked not in readable_scopes and user.role != Role.ROOT:
        raise PermissionDenied(not_a_member([asked]))
    return readable_scopes.get(asked)


def existing(*, user: User, name: str | None) -> Scope:
    """Returns the namespace to read. Raises PermissionDenied, and Missing for root."""
    readable_scope = scope(user=user, name=name)
    if readable_scope is None:
        raise Missing(kind="namespace", key=name or DEFAULT_NAMESPACE)
    return readable_scope


def readable(*, user: User) -> list[Scope]:
    """Returns the namespaces that the user may read, sorted by name, in one query."""
    visible = Namespace.objects.visible_to(user).order_by("name")
    return [Scope(id, name) for id, name in visible.values_list("id", "name")]


def namespaces(*, user: User) -> list[str]:
    """Returns the names of the namespaces that the user may read, sorted."""
    return [scope.name for scope in readable(user=user)]


def not_a_member(names: Iterable[str]) -> str:
    """Returns the sentence that refuses namespaces, for people: it shows a few."""
    quoted = [brevity.text(repr(name), most=100) for name in sorted(names)]
    more = f" and {len(quoted) - FEW:,} more" if len(quoted) > FEW else ""
    return f"no access to namespace {', '.join(quoted[:FEW])}{more}"
