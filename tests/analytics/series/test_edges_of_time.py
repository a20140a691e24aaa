"""No time, zone or granularity that may be asked for makes the server fail."""

import json

import pytest
import time_machine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from analytics.models import Kind, Report
from api.spans import EARLIEST, LATEST
from tests.analytics.builders import NOON, fill, kpi, metric
from tests.analytics.kinds.segmented import ab_test, leaf, segmented, split
from timegrid.buckets import FIRST_AT, Granularity
from timegrid.comparisons import Comparison

FIRST = FIRST_AT.timestamp()
EDGES = [EARLIEST, FIRST, FIRST + 86_400 * 366, -1.045e9, 0.0, NOON.timestamp(), LATEST]
TIMES = st.one_of(
    st.sampled_from(EDGES),
    st.tuples(st.sampled_from(EDGES), st.floats(-4e6, 4e6)).map(sum),
    st.floats(EARLIEST, LATEST),
)
# Offsets of odd seconds, of a day's skip, of half hours, and far from UTC.
ZONES = [
    *("UTC", "Europe/Amsterdam", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns"),
    *("Africa/Monrovia", "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Dublin"),
]
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "start_timestamp": TIMES,
        "end_timestamp": TIMES,
        "granularity": st.sampled_from([one.value for one in Granularity]),
        "timezone": st.sampled_from(ZONES),
    },
)
COMPARE = st.sampled_from([{}, *({"compare": one.value} for one in Comparison)])


@pytest.fixture
def shop_with_data(shop):
    metric("orders", Kind.COUNT, "buy")
    kpi("orders", "orders")
    fill(shop.pk, "orders", {NOON: 1})
    ab_test(shop.pk, "one", share_a=40, share_b=40, start_at=NOON)
    return segmented(shop.pk, split("one", leaf(), leaf(), leaf()))


LIMITS = settings(
    max_examples=80,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db
def test_every_query_of_a_time_is_answered_or_refused(manager, shop_with_data):
    segmentation = shop_with_data.id
    values = ["/analytics/kpis/values/", "/analytics/metrics/values/"]
    plain = [
        "/analytics/kpis/orders/explain/",
        f"/analytics/segmentations/params/{segmentation}/comparison/",
        "/v0/analytics",
    ]

    @LIMITS
    @given(url=st.sampled_from(values + plain), query=QUERIES, compare=COMPARE)
    @example(plain[0], {"start_timestamp": FIRST + 9, "granularity": "1mo"}, {})
    @example(plain[0], {"end_timestamp": FIRST + 9, "timezone": "Etc/GMT+12"}, {})
    @example(
        values[0],
        {
            "start_timestamp": -1.045e9,
            "end_timestamp": -1.01e9,
            "granularity": "1mo",
            "timezone": "Europe/Amsterdam",
        },
        {"compare": "previous_year"},
    )
    def ask(url, query, compare):
        if url in values:
            query = {**query, **compare, "complete": "true"}
        elif "comparison" in url:
            query = {key: value for key, value in query.items() if "timestamp" in key}
        with time_machine.travel(NOON, tick=False):
            answer = manager.get(url, query)
        assert answer.status_code in {200, 400}, (url, query, answer.content)

    ask()


@pytest.mark.django_db
def test_every_report_and_pushed_time_is_taken_or_refused(manager, shop_with_data):
    metric("pushed", Kind.EXTERNAL)

    @LIMITS
    @given(payload=QUERIES, times=st.lists(TIMES, min_size=1, max_size=3))
    def send(payload, times):
        with time_machine.travel(NOON, tick=False):
            url = "/tasks/private/analytics_report_export/"
            report = post(manager.post, url, {"payload": payload})
            values = [{"name": "pushed", "values": [1] * len(times)}]
            sent = {"start_timestamps": times, "metrics": values}
            push = post(manager.put, "/analytics/metrics/values/", sent)
            test = {
                "id": "new",
                "start_timestamp": times[0],
                "end_timestamp": times[-1],
            }
            made = post(manager.post, "/analytics/ab-tests/", test)
            manager.delete("/analytics/ab-tests/new/")
            Report.objects.all().delete()
        codes = {report.status_code, push.status_code, made.status_code}
        assert codes <= {201, 202, 204, 400, 409}, (payload, times)

    send()


def post(send, url, sent):
    return send(url, json.dumps(sent), content_type="application/json")
