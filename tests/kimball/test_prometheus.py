"""`/metrics/counters` and `/metrics/predictions` for those with a token, `/metrics` for
everybody."""

import re

import pytest

from tests.kimball import paths
from tests.kimball.product import event

COUNTERS, PREDICTIONS = "/metrics/counters", "/metrics/predictions"
COUNTER, PREDICTION = "kimball_counter", "kimball_bayes_prediction"
SAMPLE = re.compile(r"(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: found[1].replace("n", "\n"), text)


def samples(answer, metric):
    """Returns the samples of a gauge by their labels."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert f"# TYPE {metric} gauge" in lines
    told = [parsed(line) for line in lines if not line.startswith("#")]
    mine = [(labels, value) for name, labels, value in told if name == metric]
    assert len(dict(mine)) == len(mine), "a sample is told twice"
    return dict(mine)


def parsed(line):
    """Returns name, labels and value of a sample."""
    sample = SAMPLE.fullmatch(line)
    assert sample, line
    labels = LABEL.findall(sample["labels"] or "")
    told = frozenset((name, unescaped(value)) for name, value in labels)
    return sample["name"], told, float(sample["value"])


def key(**labels):
    return frozenset(labels.items())


def of(namespace, found):
    """Returns the samples of a namespace, which is told by a label."""
    mine = ("kimball_namespace", namespace.name)
    return {labels: value for labels, value in found.items() if mine in labels}


def namespaces(found):
    """Returns which namespaces are told."""
    return {dict(labels)["kimball_namespace"] for labels in found}


def test_counters_tell_unique_users(namespace, root):
    names = ["view", 'a "b" \\c', "日本", "a,b={}"]
    for user in ("ann", "bob"):
        namespace.send(*[event(name, user) for name in names])
    namespace.send(event("view", "cyd"))
    found = of(namespace, samples(root.get(COUNTERS), COUNTER))
    everybody = key(kimball_namespace=namespace.name, name="global_counter")
    found.pop(everybody, None)
    assert found == {
        key(kimball_namespace=namespace.name, name=name): 3 if name == "view" else 2
        for name in names
    }


def test_predictions_tell_the_share_of_each_goal_and_event(known, root):
    place = {"kimball_namespace": known.name, "goal": "buy"}
    assert of(known, samples(root.get(PREDICTIONS), PREDICTION)) == {
        key(**place, event=name): pytest.approx(share)
        for name, share in paths.BAYES.items()
    }


@pytest.mark.parametrize("role", ["manager", "backend"])
def test_others_see_their_own_namespaces(clients, namespace, shop, role):
    for place in (namespace, shop):
        place.make_goals("wish")
        place.send(event("star"), event("wish"))
    counters = samples(clients[role].get(COUNTERS), COUNTER)
    predictions = samples(clients[role].get(PREDICTIONS), PREDICTION)
    assert namespaces(counters) == namespaces(predictions) == {"shop"}
    assert counters[key(kimball_namespace="shop", name="star")] == 1


@pytest.mark.parametrize("path", [COUNTERS, PREDICTIONS])
def test_numbers_of_a_namespace_need_a_token(anybody, path):
    assert anybody.get(path).status_code == 401


@pytest.mark.parametrize("path", [COUNTERS, PREDICTIONS, "/metrics"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_metrics_are_only_read(root, path, method):
    assert root.request(method, path).status_code == 405


def test_the_lags_of_the_pipeline_are_open_and_nothing_else(anybody, namespace):
    name = f"a secret of {namespace.name}"
    namespace.send(event(name))
    answer = anybody.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "lag" in answer.text
    assert "kimball_counter" not in answer.text
    assert "kimball_bayes_prediction" not in answer.text
    assert name not in answer.text
