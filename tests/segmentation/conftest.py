"""Rows of the shop, as the API makes them."""

import pytest

from segmentation import services
from tests.conftest import T0
from tests.segmentation.builders import DAY, LEAF, draw


@pytest.fixture
def noon(time_machine):
    """The product's clock stands at T0."""
    time_machine.move_to(T0, tick=False)
    return T0


@pytest.fixture
def ab_test(shop):
    """Makes a test of the shop, which runs at T0 where nothing else is said."""

    def make(name="my_ab_test1", *, namespace=shop, **fields):
        made = draw(**{"name": name, "start_at": T0 - DAY, **fields})
        return services.create_test(made, namespace_id=namespace.pk, at=made.start_at)

    return make


@pytest.fixture
def segmentation(shop):
    """Makes a segmentation of the shop."""

    def make(name="my_seg1", tree=LEAF, *, namespace=shop, at=T0):
        return services.create_segmentation(
            namespace_id=namespace.pk, name=name, checked=tree, at=at
        )

    return make
