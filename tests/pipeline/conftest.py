"""The shipped catalogue, for tests that follow events into numbers."""

import pytest

from analytics.buckets import recompute


@pytest.fixture
def _catalogue(db):
    recompute.load_catalogue(event_names={})
