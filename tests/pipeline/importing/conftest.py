"""What the tests of imports share."""

import orjson
import pytest

from analytics.models import Kind
from tests.analytics import builders


@pytest.fixture
def import_metrics(db):
    builders.metric("views", Kind.COUNT, "view")
    builders.metric("revenue", Kind.SUM, "buy", unit="usd")
    builders.metric("users", Kind.UNIQUE)
    builders.metric("sessions", Kind.SESSIONS)


@pytest.fixture
def file(tmp_path):
    def write(name, events):
        path = tmp_path / name
        path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
        return str(path)

    return write
