"""Every endpoint states its roles; one that states none is denied."""

from typing import TYPE_CHECKING, TypeGuard

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import Role, User

if TYPE_CHECKING:  # DRF's views import their default permissions: this class
    from rest_framework.views import APIView

STAFF = (Role.ROOT, Role.MANAGER)


def is_staff(user: object) -> TypeGuard[User]:
    """Says whether an account opens the pages and the admin: its role alone decides."""
    return isinstance(user, User) and user.is_active and user.role in STAFF


class HasRole(BasePermission):
    """Grants the roles that a view lists in its `roles` attribute.

    Where it has `method_roles`, those of a method stand instead.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        user, roles = request.user, getattr(view, "roles", ())
        roles = getattr(view, "method_roles", {}).get(request.method, roles)
        allowed = isinstance(user, User) and user.role in roles
        self.message = f"allowed roles: {', '.join(roles) or 'none'}"
        return allowed


def by_session(request: Request) -> bool:
    """Says whether a browser's cookie speaks for the caller, and no token.

    A link on a foreign page makes a browser send its cookie with a GET, so such a GET
    writes nothing.
    """
    return request.auth is None


def caller(request: Request) -> User:
    """Returns the account behind a request that HasRole has let through."""
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user
