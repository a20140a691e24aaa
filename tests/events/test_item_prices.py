"""`PUT analytics/items/prices/`: the latest price of an item, for events without."""

from datetime import timedelta
from decimal import Decimal

import pytest

from events import names, services
from events.models import ItemPrice, PriceChange
from pipeline import drain
from tests.events.builders import NOON, arrival, record

pytestmark = pytest.mark.django_db
URL = "/analytics/items/prices/"


def put(client, *prices, **fields):
    sent = [{"item_id": item, "price": price} for item, price in prices]
    return client.put(URL, {"prices": sent, **fields}, format="json")


def stored():
    return dict(ItemPrice.objects.values_list("item_id", "price"))


@pytest.mark.parametrize("role", ["root", "manager", "backend"])
def test_every_role_may_set_prices(request, role):
    assert put(request.getfixturevalue(role), ("shoe", 5)).status_code == 204
    assert stored() == {"shoe": 5}


@pytest.mark.parametrize("price", [0, 19.99, "0.000001", 10**12, 5])
def test_a_price_is_exact_to_6_decimals(backend, price):
    put(backend, ("shoe", price))
    assert stored() == {"shoe": Decimal(str(price))}


def test_a_price_is_not_rounded_by_a_float(backend):
    sent = '{"prices": [{"item_id": "yacht", "price": 123456789012.123456}]}'
    answer = backend.put(URL, sent, content_type="application/json")
    assert answer.status_code == 204
    assert stored() == {"yacht": Decimal("123456789012.123456")}


def test_the_last_price_of_an_item_counts(backend):
    put(backend, ("shoe", 5), ("hat", 1), ("shoe", 7))
    assert stored() == {"shoe": 7, "hat": 1}
    put(backend, ("shoe", 6))
    assert stored() == {"shoe": 6, "hat": 1}


def test_only_a_price_that_changed_waits_for_an_aggregation(backend):
    put(backend, ("shoe", 5), ("hat", 1))
    PriceChange.objects.update(aggregated_at=NOON)
    put(backend, ("shoe", 5), ("hat", 2))
    pending = PriceChange.objects.filter(aggregated_at=None)
    assert [price.item_id for price in pending] == ["hat"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", -1),
        ("price", 10**12 + 1),
        ("price", "0.0000001"),
        ("price", "NaN"),
        ("price", None),
        ("price", [1]),
        ("item_id", ""),
        ("item_id", "x" * 201),
        ("item_id", "a\nb"),
        ("item_id", None),
    ],
)
def test_a_bad_price_is_named_and_nothing_is_stored(backend, field, value):
    good = {"item_id": "shoe", "price": 5}
    sent = {"prices": [good, {**good, field: value}]}
    answer = backend.put(URL, sent, format="json")
    assert answer.status_code == 400
    assert answer.json()["error_name"] == "WrongData"
    assert field in str(answer.json()["error_data"]["query"]["prices"])
    assert stored() == {}


@pytest.mark.parametrize(
    "sent", [{}, [], {"prices": []}, {"prices": 5}, {"prices": [5]}]
)
def test_a_body_without_prices_is_refused(backend, sent):
    assert backend.put(URL, sent, format="json").status_code == 400


def test_more_than_1000_prices_are_refused(backend):
    prices = [(f"item {number}", 1) for number in range(1_001)]
    assert put(backend, *prices).status_code == 400
    assert put(backend, *prices[1:]).status_code == 204


def test_a_namespace_is_for_its_members(backend, stranger, shop):
    assert put(stranger, ("shoe", 5), namespace="shop").status_code == 403
    assert put(backend, ("shoe", 5), namespace="elsewhere").status_code == 403
    assert put(backend, ("shoe", 5), namespace="shop").status_code == 204
    assert ItemPrice.objects.get().namespace == shop


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 201, True, None])
def test_a_namespace_is_named_as_namespaces_are(root, name):
    answer = put(root, ("shoe", 5), namespace=name)
    assert answer.status_code == 400
    assert "namespace" in answer.json()["error_data"]["query"]


def test_a_price_costs_a_constant_number_of_queries(backend, django_assert_num_queries):
    with django_assert_num_queries(3):  # token, namespace, prices
        put(backend, *[(f"item {number}", number) for number in range(500)])


def test_a_price_that_changes_touches_the_last_5_days_alone(shop):
    """And of those only events that carry no value and whose name is priced."""
    ages = [timedelta(days=5), timedelta(days=5, seconds=1)]
    bought = [arrival(shop.pk, "buy", at=NOON - age, item_id="shoe") for age in ages]
    others = [
        arrival(shop.pk, "buy", item_id="shoe", value=1),
        arrival(shop.pk, "view", item_id="shoe"),
        arrival(shop.pk, "buy", item_id="hat"),
    ]
    record([*bought, *others])
    drain.drain_all(at=NOON)
    name = names.ids(namespace_ids=[shop.pk], names=["buy"])[shop.pk, "buy"]
    pending = {"namespace_id": shop.pk, "priced": [name], "run_id": 1, "at": NOON}
    assert len(services.take_pending(**pending).batches) == 1
    services.put_prices(namespace_id=shop.pk, prices={"shoe": Decimal(5)}, at=NOON)
    start = NOON - ages[0]
    assert services.take_pending(**pending).spans == [
        (start, start + timedelta(minutes=5))
    ]
    assert services.take_pending(**pending).spans == []
