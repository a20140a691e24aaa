"""Wrong passwords are few: after some of them comes a pause, without any hashing.

django-axes keeps the failures of that time in the database, and asks here for the rest.
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

PAUSE = timedelta(minutes=5)
UNKNOWN = "0.0.0.0"  # axes would keep a row of each failure without an address

# Failures of an account from one address, of an address, of an account: no address
# alone locks an account for others, and all people of an office may share an address.
LIMITS: list[tuple[list[str], int]] = [
    (["username", "ip_address"], 10),
    (["ip_address"], 50),
    (["username"], 100),
]


def pause(request: HttpRequest) -> timedelta:
    """Returns for how long failures count."""
    return PAUSE


def parameters(request: HttpRequest, credentials: object) -> list[list[str]]:
    """Returns what failures are counted by, in the order of the limits."""
    return [names for names, _ in LIMITS]


class LoginThrottle(AxesDatabaseHandler):  # type: ignore[misc]  # untyped
    """Has a limit for each way of counting; the one that axes knows is 100 percent."""

    def get_failures(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> int:
        """Returns how much of the limits is used up, in percent: the largest share."""
        counted = [
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        ]
        shares: list[int] = [
            100 * count // limit
            for count, (_, limit) in zip(counted, LIMITS, strict=True)
        ]
        return max(shares)

    def reset_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> int:
        """Forgets, after the right password, what was mistyped before it.

        What an address tried of other accounts, and others of this account, stays.
        """
        mistyped = AccessAttempt.objects.filter(
            username=get_client_username(request, credentials),
            ip_address=address(request),
        )
        number: int = mistyped.delete()[0]
        return number


def address(request: HttpRequest) -> str:
    """Returns where a request comes from, UNKNOWN where nothing says so.

    Behind PROXY_COUNT proxies, each of which appends the address it heard from, that is
    so many places from the end. Of IPv6 the network counts, which one customer has.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    hops = [
        *filter(None, map(str.strip, forwarded)),
        request.META.get("REMOTE_ADDR", ""),
    ]
    try:
        client = ip_address(hops[-min(settings.PROXY_COUNT + 1, len(hops))])
    except ValueError:
        return UNKNOWN
    if not isinstance(client, IPv6Address):
        return str(client)
    return str(client.ipv4_mapped or IPv6Address(int(client) >> 64 << 64))


def refused(
    request: HttpRequest, response: HttpResponse, credentials: object
) -> HttpResponse:
    """Answers a login that has to wait."""
    minutes = PAUSE // timedelta(minutes=1)
    page = render(request, "throttled.html", {"minutes": minutes}, status=429)
    page.headers["Retry-After"] = str(minutes * 60)
    return page
