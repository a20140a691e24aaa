"""The shipped catalogue, for tests that follow events into numbers."""

import pytest

from analytics.catalogue import services


@pytest.fixture
def _catalogue(db):
    services.load_catalogue(event_names={})
