"""What `manage.py check` says of the KPIs that staff wrote.

Warnings, not errors: those would stop every `manage.py migrate`.
"""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.db import DEFAULT_DB_ALIAS, OperationalError, ProgrammingError

from analytics.models import KPI, units_of_metrics
from analytics.units import UnitError

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
