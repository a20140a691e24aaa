"""Metrics and KPIs: formulas are checked at the field, and order is edited in place."""

import pytest

from analytics.models import KPI, Metric

pytestmark = pytest.mark.django_db
ADD, LIST = "/admin/analytics/kpi/add/", "/admin/analytics/kpi/"
FORM = {
    "name": "aov",
    "display_name": "AOV",
    "formula": "total_revenue / count_orders",
    "unit": "usd",
    "description": "",
    "position": "1",
    "active": "on",
}


@pytest.fixture
def metrics(db):
    for name, kind, unit in [
        ("total_revenue", "sum", "usd"),
        ("count_orders", "count", "count"),
    ]:
        Metric.objects.create(name=name, kind=kind, unit=unit, event_name="purchase")


def errors(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def test_a_kpi_is_added(staff, metrics):
    assert staff.post(ADD, FORM).status_code == 302
    assert KPI.objects.get().formula == "total_revenue / count_orders"


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "This field is required."),
        ("total_revenue /", "cannot be read as arithmetic"),
        ("total_revenue / orders", "There is no metric named orders."),
        ("__import__('os')", "is not allowed"),
        ("1 + 1", "names no metric"),
        ("(" * 300 + "total_revenue" + ")" * 300, "characters"),
    ],
)
def test_a_wrong_formula_is_told_at_its_field_and_not_stored(
    staff, metrics, formula, message
):
    found = errors(staff.post(ADD, FORM | {"formula": formula}))
    assert list(found) == ["formula"]
    assert message in found["formula"].as_text()
    assert not KPI.objects.exists()


@pytest.mark.parametrize(
    ("formula", "unit", "field", "message"),
    [
        ("total_revenue / count_orders", "count", "unit", "in usd per count"),
        ("100 * count_orders / count_orders", "count", "unit", "is percentage."),
        ("count_orders / count_orders", "percentage", "formula", "write 100 * ("),
        ("total_revenue + count_orders", "usd", "formula", "cannot be added"),
        ("total_revenue * total_revenue", "usd", "formula", "usd^2"),
    ],
)
def test_a_wrong_unit_is_told_at_the_field_that_is_wrong(
    staff, metrics, formula, unit, field, message
):
    found = errors(staff.post(ADD, FORM | {"formula": formula, "unit": unit}))
    assert list(found) == [field]
    assert message in found[field].as_text()
    assert not KPI.objects.exists()


def test_a_kpi_without_a_unit_is_told_so_and_nothing_more(staff, metrics):
    found = errors(staff.post(ADD, FORM | {"unit": ""}))
    assert found == {"unit": ["This field is required."]}


def test_a_name_is_a_word_that_formulas_could_use(staff, metrics):
    assert list(errors(staff.post(ADD, FORM | {"name": "A O V"}))) == ["name"]


def test_a_kpi_shows_the_metrics_of_its_formula(staff, metrics):
    staff.post(ADD, FORM)
    path = f"{LIST}{KPI.objects.get().pk}/change/"
    assert ">total_revenue, count_orders</div>" in staff.get(path).text
    KPI.objects.update(formula="broken +")
    assert staff.get(path).status_code == 200


def arrange(staff, **positions):
    """Posts the list with these positions, as its Save button does."""
    kpis = list(KPI.objects.order_by("position", "name"))
    form = dict.fromkeys(["form-TOTAL_FORMS", "form-INITIAL_FORMS"], str(len(kpis)))
    for index, kpi in enumerate(kpis):
        form[f"form-{index}-id"] = str(kpi.pk)
        form[f"form-{index}-position"] = positions[kpi.name]
        form[f"form-{index}-active"] = "on"
    return staff.post(LIST, {**form, "_save": "Save"})


def order():
    return [kpi.name for kpi in KPI.objects.in_order()]


def test_the_order_is_edited_in_the_list(staff, metrics):
    for name in ("aov", "revenue"):
        staff.post(ADD, FORM | {"name": name})
    assert arrange(staff, aov=2, revenue=1).status_code == 302
    assert order() == ["revenue", "aov"]


def test_a_formula_that_broke_since_does_not_stop_the_ordering(staff, metrics):
    for name in ("aov", "revenue"):
        staff.post(ADD, FORM | {"name": name})
    Metric.objects.all().delete()
    KPI.objects.filter(name="aov").update(formula="gone +")
    assert staff.get(LIST).status_code == 200
    assert arrange(staff, aov=2, revenue=1).status_code == 302
    assert order() == ["revenue", "aov"]


def test_a_wrong_position_is_told_in_its_row(staff, metrics):
    staff.post(ADD, FORM)
    response = arrange(staff, aov="first")
    assert response.status_code == 200
    [found] = response.context["cl"].formset.errors
    assert found == {"position": ["Enter a whole number."]}


def test_a_metric_is_never_renamed_nor_deleted(staff, metrics):
    metric = Metric.objects.get(name="total_revenue")
    path = f"/admin/analytics/metric/{metric.pk}/"
    form = {"name": "new", "kind": "sum", "event_name": "order", "unit": "usd"}
    assert staff.post(f"{path}change/", form).status_code == 302
    metric.refresh_from_db()
    assert (metric.name, metric.event_name) == ("total_revenue", "order")
    assert staff.post(f"{path}delete/", {"post": "yes"}).status_code == 403


def test_a_metric_that_counts_events_needs_their_name(staff):
    form = {"name": "clicks", "kind": "count", "event_name": "", "unit": "count"}
    found = errors(staff.post("/admin/analytics/metric/add/", form))
    assert found["__all__"] == ["This kind needs an event name."]


def measure(staff, unit):
    """Posts the form of the metric total_revenue with a unit."""
    metric = Metric.objects.get(name="total_revenue")
    form = {"kind": "sum", "event_name": "purchase", "unit": unit, "active": "on"}
    return staff.post(f"/admin/analytics/metric/{metric.pk}/change/", form)


def test_a_metric_keeps_its_unit_while_a_kpi_relies_on_it(staff, metrics):
    for name, active in [("aov", "on"), ("also", "on"), ("off", "")]:
        staff.post(ADD, FORM | {"name": name, "active": active})
    found = errors(measure(staff, "count"))
    assert found == {"unit": ["It would make KPIs wrong: also, aov."]}
    assert Metric.objects.get(name="total_revenue").unit == "usd"
    KPI.objects.update(active=False)
    assert measure(staff, "count").status_code == 302
    assert Metric.objects.get(name="total_revenue").unit == "count"


def test_a_metric_may_change_what_is_wrong_already(staff, metrics):
    staff.post(ADD, FORM)
    KPI.objects.update(formula="total_revenue + gone")
    assert measure(staff, "count").status_code == 302


def test_a_metric_without_a_unit_is_told_so(staff, metrics):
    staff.post(ADD, FORM)
    assert errors(measure(staff, ""))["unit"] == ["This field is required."]


def test_who_switches_a_metric_off_is_told_which_kpis_have_no_numbers_then(
    staff, metrics
):
    kpi = {"unit": "usd", "display_name": "-"}
    KPI.objects.create(name="aov", formula="total_revenue / count_orders", **kpi)
    KPI.objects.create(name="total", formula="total_revenue", **kpi)
    KPI.objects.create(name="unread", formula="total_revenue +", **kpi)
    KPI.objects.create(name="off", formula="total_revenue", active=False, **kpi)
    revenue = Metric.objects.get(name="total_revenue")
    form = {"kind": "sum", "event_name": "purchase", "after": "", "unit": "usd"}
    url = f"/admin/analytics/metric/{revenue.pk}/change/"
    page = staff.post(url, {**form, "description": ""}, follow=True)
    [told] = [str(one) for one in page.context["messages"] if "is off" in str(one)]
    assert "total_revenue is off" in told
    assert told.endswith("another: aov, total.")
    page = staff.post(url, {**form, "description": "more"}, follow=True)
    assert not [one for one in page.context["messages"] if "is off" in str(one)]
