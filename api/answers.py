"""What the API's documentation says of bodies and errors; it shapes nothing."""

from collections.abc import Collection, Mapping
from typing import Any

from rest_framework import serializers

Answer = dict[str, Any]


class Warned(serializers.Serializer[Answer]):
    warnings = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text="Absent where there is nothing to warn of.",
    )


class ErrorAnswer(serializers.Serializer[Answer]):
    """What is wrong with a request under analytics/ and tasks/."""

    error_code = serializers.IntegerField()
    error_name = serializers.CharField()
    message = serializers.CharField()
    error_data = serializers.DictField(
        help_text="By name of the error: for wrong data, messages by field."
    )


class Problem(serializers.Serializer[Answer]):
    """What is wrong with a request under /v0, and where."""

    what = serializers.CharField(help_text="In a few words.")
    description = serializers.CharField(required=False)
    index = serializers.IntegerField(
        required=False, help_text="Of the event or rule, counted from 0."
    )
    field = serializers.CharField(required=False)
    expected = serializers.CharField(required=False)
    hint = serializers.CharField(required=False)


class V0Error(serializers.Serializer[Answer]):
    error = Problem()


class Unauthorized(serializers.Serializer[Answer]):
    """The one error under /v0 that is a text."""

    error = serializers.CharField()


V0_ERRORS = {401: Unauthorized, "4XX": V0Error}


# As JSON Schema calls types, and formats of strings.
FIELDS: Mapping[str, type[serializers.Field[Any, Any, Any, Any]]] = {
    "string": serializers.CharField,
    "number": serializers.FloatField,
    "boolean": serializers.BooleanField,
    "date-time": serializers.DateTimeField,
}


def body(
    name: str,
    properties: Mapping[str, str],
    *,
    required: Collection[str],
    **special: serializers.Field[Any, Any, Any, Any],
) -> type[serializers.Serializer[Answer]]:
    """Returns the description of a JSON object by the types that it is checked by.

    `special` are the fields whose type says too little.
    """
    plain = {
        field: FIELDS[kind](required=field in required)
        for field, kind in properties.items()
        if field not in special
    }
    return type(name, (serializers.Serializer,), {**plain, **special})
