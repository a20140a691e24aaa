"""Every request of the API: a row for each verb of each endpoint, from the resolver.

A row has a sample, which is answered as it says. The columns of the table change it:
they are in `test_requests.py`.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.views import Reads, V0Endpoint
from config.urls import urlpatterns
from tests.routes import patterns

VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
API = re.compile(r"(analytics|metrics|tasks|v0)/")
# What they answer does not depend on what is sent.
DEAF = {
    "tasks/private/<str:name>/": "there is no such task, whatever is sent to it",
    "v0/namespaces": "it lists all of them",
}
SPAN = {"start_timestamp": "0", "end_timestamp": "300"}
REPORTS = "tasks/private/analytics_report_export/"
TREES = "analytics/segmentations/params/"


@dataclass(frozen=True)
class Sample:
    """What an endpoint takes, and how a manager of "shop" is answered."""

    status: int = 200
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None


EVENT = {
    "event_name": "view",
    "user_id": "ada",
    "value": 1.5,
    "event_id": "e",
    "item_id": "i",
    "order_id": "o",
    "session_id": "s",
    "ensure_goal": True,
}
FLAG = {
    "name": "dark",
    "boolean": False,
    "user": [{"property": "id", "comparator": "in", "value": [1, 2]}],
    "rollout_start": "2026-03-04T12:00:00Z",
    "rollout_end": "2026-03-05T12:00:00Z",
}
VALUES = {
    "start_timestamps": [0, 300],
    "metrics": [{"name": "pushed", "values": [1, 2]}],
}
LEAF = {"type": "analytics"}
TREE = {
    "type": "ab_test",
    "split": {"ab_test_id": "button", "group_a": LEAF, "group_b": LEAF},
    "skip": LEAF,
}
TEST = {"id": "another", "salt": "s", "share_a": 10, "share_b": 20}
PAYLOAD = {
    "kpis": ["pushes"],
    "metrics": ["pushed"],
    "start_timestamp": 0,
    "end_timestamp": 300,
    "granularity": "5m",
    "timezone": "UTC",
    "format": "json",
}
SAMPLES = {
    ("GET", "analytics/goals/<path:goal>/"): Sample(query={"include": ["view"]}),
    ("PUT", "analytics/items/prices/"): Sample(
        204, body={"prices": [{"item_id": "shoe", "price": 5}]}
    ),
    ("GET", "analytics/kpis/configs/"): Sample(query={"kpis": ["pushes"]}),
    ("GET", "analytics/kpis/status/"): Sample(query={"kpis": ["pushes"]}),
    ("GET", "analytics/kpis/values/"): Sample(query={**SPAN, "kpis": ["pushes"]}),
    ("GET", "analytics/kpis/<str:name>/explain/"): Sample(query=SPAN),
    ("GET", "analytics/metrics/values/"): Sample(query={**SPAN, "names": ["pushed"]}),
    ("PUT", "analytics/metrics/values/"): Sample(204, body=VALUES),
    ("GET", TREES): Sample(query={"name": "a"}),
    ("POST", TREES): Sample(201, body={"name": "another", "segmentation": TREE}),
    ("GET", f"{TREES}<str:segmentation_id>/"): Sample(),
    ("PATCH", f"{TREES}<str:segmentation_id>/"): Sample(204, body={"name": "another"}),
    ("DELETE", f"{TREES}<str:segmentation_id>/"): Sample(204),
    ("GET", f"{TREES}<str:segmentation_id>/comparison/"): Sample(query=SPAN),
    ("GET", "analytics/ab-tests/"): Sample(query={"status": "running"}),
    ("POST", "analytics/ab-tests/"): Sample(201, body=TEST),
    ("GET", "analytics/ab-tests/<str:test_id>/"): Sample(),
    ("PATCH", "analytics/ab-tests/<str:test_id>/"): Sample(
        204, body={"end_timestamp": 3_000_000_000}
    ),
    ("DELETE", "analytics/ab-tests/<str:test_id>/"): Sample(204),
    ("GET", "analytics/ab-tests/<str:test_id>/group/"): Sample(query={"user_id": "u"}),
    ("POST", REPORTS): Sample(202, body={"payload": PAYLOAD}),
    ("GET", f"{REPORTS}recents/"): Sample(query={"page": "1", "status": "RUNNING"}),
    ("GET", f"{REPORTS}<str:task_id>/"): Sample(),
    ("DELETE", f"{REPORTS}<str:task_id>/"): Sample(204),
    ("GET", f"{REPORTS}<str:task_id>/download/"): Sample(404),  # it is not made yet
    ("GET", "metrics/counters"): Sample(),
    ("GET", "metrics/predictions"): Sample(),
    ("GET", "v0/analytics"): Sample(query=SPAN),
    ("POST", "v0/analytics"): Sample(204, body={"events": [EVENT]}),
    ("GET", "v0/featureSpecs"): Sample(),
    ("POST", "v0/featureSpecs"): Sample(204, body=FLAG),
    ("GET", "v0/features"): Sample(),
    ("GET", "v0/goals"): Sample(),
    ("POST", "v0/goals"): Sample(204, body={"goal_name": "buy"}),
    ("GET", "v0/nudges"): Sample(query={"user_id": "ada", "goal": "buy"}),
    ("GET", "v0/predictions"): Sample(query={"user_id": "ada"}, status=404),
}


# How a body may come: what is done to it, and what the server says of it. Nobody tells
# the length of one in chunks.
CHUNKED = {
    "wsgi.input_terminated": True,
    "HTTP_TRANSFER_ENCODING": "chunked",
    "CONTENT_LENGTH": "",
}
TRAVELS: dict[str, tuple[Callable[[bytes], bytes], dict[str, Any]]] = {
    "plain": (bytes, {}),
    "chunked": (bytes, CHUNKED),
    "gzip": (gzip.compress, {"HTTP_CONTENT_ENCODING": "gzip"}),
    "deflate": (zlib.compress, {"HTTP_CONTENT_ENCODING": "deflate"}),
    "chunked gzip": (gzip.compress, {**CHUNKED, "HTTP_CONTENT_ENCODING": "gzip"}),
}


@dataclass(frozen=True)
class Row:
    """A verb of an endpoint."""

    verb: str
    route: str
    view: type[APIView]

    def __str__(self) -> str:
        return f"{self.verb} {self.route}"

    @property
    def sample(self) -> Sample:
        return SAMPLES[self.verb, self.route]

    @property
    def is_v0(self) -> bool:
        return issubclass(self.view, V0Endpoint)

    @property
    def reads(self) -> Reads:
        said: Reads = getattr(self.view, self.verb.lower()).reads
        return said

    @property
    def takes_body(self) -> bool:
        """Says whether a namespace may stand in a body: not in that of a GET."""
        return self.sample.body is not None or self.verb == "DELETE"


def rows() -> list[Row]:
    """Returns the rows of the API; under /v1/ are the same ones again."""
    return [
        Row(verb, route, callback.cls)
        for route, callback in patterns(urlpatterns)
        if API.match(route) and route not in DEAF
        for verb in VERBS
        if hasattr(callback.cls, verb.lower())
    ]


def send(
    client: APIClient,
    row: Row,
    ids: dict[str, str],
    *,
    query: Any = None,
    body: Any = None,
    travel: str = "plain",
) -> HttpResponse:
    """Sends a row's sample, or another query or body, as one of TRAVELS."""
    path = re.sub(r"<\w+:(\w+)>", lambda match: ids[match[1]], row.route)
    sent = row.sample.body if body is None else body
    pack, headers = TRAVELS[travel]
    raw: Any = pack(b"" if sent is None else json.dumps(sent).encode())
    if headers.get("wsgi.input_terminated"):
        headers = {**headers, "wsgi.input": BytesIO(raw)}
    parameters = row.sample.query if query is None else query
    if not isinstance(parameters, str):
        parameters = urlencode(parameters, doseq=True)
    response: HttpResponse = client.generic(
        row.verb,
        f"/{path}",
        raw,
        content_type="application/json",
        QUERY_STRING=parameters,
        **headers,
    )
    return response


def paths(value: Any, kind: type | tuple[type, ...], at: Any = ()) -> Iterator[Any]:
    """Yields where in decoded JSON there are values of a kind."""
    if isinstance(value, kind):
        yield at
    inner: Any = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in inner:
        yield from paths(each, kind, (*at, key))


def changed(value: Any, at: Any, change: Callable[[Any], Any]) -> Any:
    """Returns decoded JSON in which the value there is another."""
    if not at:
        return change(deepcopy(value))
    made = deepcopy(value)
    made[at[0]] = changed(value[at[0]], at[1:], change)
    return made
