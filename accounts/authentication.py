"""`Authorization: Bearer TOKEN`, checked with one small query."""

from datetime import UTC, datetime

from django.db.models import Q
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import User


class TokenAuthentication(KnoxTokenAuthentication):  # type: ignore[misc]  # untyped
    """Knox's tokens, found by their whole digest.

    Knox itself looks up a prefix, then reads and deletes the account's other tokens:
    two queries and a write in every request.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[User, AuthToken]:
        """Returns the account and its token. Raises AuthenticationFailed."""
        digest = hash_token(token.decode("ascii", errors="replace"))
        auth_token = (
            AuthToken.objects.select_related("user")
            .filter(Q(expiry=None) | Q(expiry__gt=datetime.now(UTC)))
            .filter(digest=digest, user__is_active=True)
            .first()
        )
        if auth_token is None:
            raise AuthenticationFailed("the token is unknown, expired or revoked")
        return auth_token.user, auth_token


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its registry
    """Tells readers of the API's schema how to send a token."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
