"""What `manage.py check` says of the KPIs that staff wrote, and of e-mails.

Warnings, not errors: those would stop every `manage.py migrate`.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, OperationalError, ProgrammingError

from analytics.formulas.units import UnitError
from analytics.models import KPI, units_of_metrics

HINT = "Change its {} in the admin, or switch it off."


@checks.register(checks.Tags.database)
def kpis_can_be_computed(
    *, databases: Sequence[str] | None, **_: Any
) -> list[checks.CheckMessage]:
    """Names every active KPI whose formula or unit is wrong.

    Says nothing of a database that is not there or has no tables yet.
    """
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        faults = KPI.objects.faults(units_of_metrics())
    except (OperationalError, ProgrammingError):
        return []
    return [
        checks.Warning(
            f"The KPI {name} cannot be relied on: {fault}",
            hint=HINT.format("unit" if isinstance(fault, UnitError) else "formula"),
            obj=name,
            id="analytics.W001",
        )
        for name, fault in faults.items()
    ]


@checks.register(deploy=True)
def reports_can_be_mailed(**_: Any) -> list[checks.CheckMessage]:
    """Names what a deployment lacks to mail the reports of schedules."""
    needed = {"EMAIL_HOST": settings.EMAIL_HOST, "DEFAULT_FROM_EMAIL": sender()}
    return [
        checks.Warning(
            f"Scheduled reports cannot be mailed: {name} is not set.",
            hint="Set it, as .env.example tells.",
            id="analytics.W002",
        )
        for name, value in needed.items()
        if not (value or settings.EMBEDDED)
    ]


def sender() -> str:
    """Returns the address that e-mails come from, unless no server would take it."""
    address: str = settings.DEFAULT_FROM_EMAIL
    return "" if address.endswith("@localhost") else address
