"""Flags, and requests about them."""

import pytest

from flags.models import Flag
from tests.flags.builders import encoded


@pytest.fixture
def flag(shop):
    """Makes a flag of the shop."""

    def make(name="new", **fields):
        return Flag.objects.create(**{"namespace": shop, "name": name, **fields})

    return make


@pytest.fixture
def ask():
    """Asks for flags as a client; objects are encoded, text is sent as it is."""

    def get(client, *, method="get", url="/v0/features", **query):
        sent = {
            name: value if isinstance(value, str) else encoded(value)
            for name, value in query.items()
        }
        return getattr(client, method)(url, sent)

    return get


@pytest.fixture
def put(shop):
    """Sends a flag as a client."""

    def post(client, url="/v0/featureSpecs", **fields):
        return client.post(url, {"name": "new", **fields}, format="json")

    return post


@pytest.fixture
def told():
    """Returns the flags of the client's namespace as the API lists them."""

    def get(client, **query):
        return client.get("/v0/featureSpecs", query).json()["featureSpecs"]

    return get
