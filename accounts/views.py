"""An endpoint reads all that is sent, or refuses it: nothing is silently misread."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import queries, services
from accounts.permissions import caller
from accounts.queries import Scope
from api import unknown_fields
from api.serializers import Body, Input, NamespaceInput

# A list as axios, PHP and jQuery write it: kpis[]=aov or kpis[0]=aov.
BRACKETS = re.compile(r"\[\d*\]$")

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Reads:
    """What a verb of an endpoint reads; without a `body`, a namespace at most."""

    query: type[Input]
    body: type[Input] | None = None
    partial: bool = False


def reads(
    *,
    query: type[Input] = NamespaceInput,
    body: type[Input] | None = None,
    partial: bool = False,
    **described: Any,
) -> Callable[[Handler], Handler]:
    """Says what a verb of an Endpoint reads, to it and to the API's documentation."""

    def decorate(handler: Handler) -> Handler:
        handler.reads = Reads(query, body, partial)  # type: ignore[attr-defined]
        about = {"parameters": [query], "request": body, **described}
        return extend_schema(**about)(handler)

    return decorate


class Endpoint(APIView):
    """Reads query and body before a verb runs, and refuses what the verb does not.

    In a verb, `query` and `body` are what was sent, validated.
    """

    query: Body
    body: Body

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises ValidationError besides what APIView raises."""
        super().initial(request, *args, **kwargs)
        verb = "get" if request.method == "HEAD" else f"{request.method}".lower()
        said = getattr(getattr(self, verb, None), "reads", None)
        if said:
            self.query = validated(said.query, plain(request.query_params, said.query))
            self.body = self.sent(said)

    def sent(self, said: Reads) -> Body:
        """Returns the body. Raises ValidationError."""
        if said.body is None and not self.request.data:
            return {}
        kind = said.body or NamespaceInput
        return validated(kind, self.request.data, partial=said.partial)

    def namespace(self) -> str | None:
        """Returns the namespace that was named. Raises ValidationError."""
        return queries.named(self.query, self.body)

    def scope(self) -> Scope:
        """Returns the namespace to read. Raises Missing and PermissionDenied too."""
        return queries.existing(user=caller(self.request), name=self.namespace())

    def writable_scope(self) -> Scope:
        """Returns the namespace to write into, made where root names a new one.

        Raises PermissionDenied too.
        """
        name = self.namespace()
        user = caller(self.request)
        return services.writable_scopes(user=user, names={name})[name]


class V0Endpoint(Endpoint):
    """As the original product: a verb reads the body itself, and then sets `body`.

    What it ignores of it is told in a header.
    """

    ignored: Iterable[str] = ()

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if names := unknown_fields.header(self.ignored):
            response.headers[unknown_fields.HEADER] = names
        return response

    def sent(self, said: Reads) -> Body:
        return {}

    def known_scope(self) -> Scope | None:
        """Returns the namespace to read, None where root names an unknown one.

        Raises PermissionDenied, and ValidationError for a contradiction.
        """
        return queries.scope(user=caller(self.request), name=self.namespace())


def validated(kind: type[Input], sent: Any, *, partial: bool = False) -> Body:
    """Returns what was sent as values. Raises ValidationError, naming the field."""
    found = kind(data=sent, partial=partial)
    found.is_valid(raise_exception=True)
    return dict(found.validated_data)


def plain(query: QueryDict, kind: type[Input]) -> Body:
    """Returns a query as an object: what is a list in `kind` may come repeated.

    Raises ValidationError where something else comes with several values.
    """
    lists = {
        name
        for name, field in kind._declared_fields.items()
        if isinstance(field, serializers.ListField)
    }
    found: Body = {}
    for sent, values in query.lists():
        if sent.startswith("_"):
            continue
        name = BRACKETS.sub("", sent)
        if name in lists:
            found[name] = [*found.get(name, []), *values]
        elif len(set(values)) > 1:
            raise ValidationError({sent: ["Send it once: here are several values."]})
        else:
            found[sent] = values[0]
    return found
