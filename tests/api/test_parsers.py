"""JSON bodies: bounded in depth and size, UTF-8, without NUL and without NaN."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.parsers import NUL, depth

pytestmark = pytest.mark.django_db
PRICES = "/analytics/items/prices/"


def error(client, body, content_type="application/json"):
    response = client.put(PRICES, body, content_type=content_type)
    assert response.status_code == 400
    return response.json()["error_data"]


def nested(levels):
    return b'{"prices": ' + b"[" * levels + b"1" + b"]" * levels + b"}"


def test_a_body_may_be_32_levels_deep_and_no_deeper(root):
    assert "query" in error(root, nested(31))
    reason = "the body is nested deeper than 32 levels"
    assert error(root, nested(32))["error"] == reason


@pytest.mark.parametrize("levels", [1_000, 1_025, 1_000_000])
def test_an_absurdly_deep_body_is_refused(root, levels):
    assert error(root, nested(levels))["name"] == "WRONG_DATA_TYPE"


@pytest.mark.parametrize(
    "body",
    [b'{"namespace": "a\\u0000b"}', b'{"\\u0000": 1}', b'{"a": "\\\\\\u0000"}'],
)
def test_a_nul_character_is_refused(root, body):
    assert error(root, body)["error"] == "the body contains a NUL character"


def test_a_raw_nul_is_no_json(root):
    assert "not valid JSON" in error(root, b'{"a": "\x00"}')["error"]


def test_a_backslash_before_u0000_is_text_like_any_other():
    assert json.loads(b'"\\\\u0000"') == "\\u0000"
    assert not NUL.search(b'"\\\\u0000"')


@given(st.text(st.sampled_from('\0\\u0"')))
def test_nul_is_found_exactly_where_the_text_has_one(text):
    assert bool(NUL.search(json.dumps(text).encode())) == ("\0" in text)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999x", "'a'"])
def test_what_json_does_not_know_is_refused(root, literal):
    body = f'{{"prices": [{{"item_id": "i", "price": {literal}}}]}}'.encode()
    assert "not valid JSON" in error(root, body)["error"]


def test_a_number_beyond_a_float_is_refused_at_its_field(root):
    body = b'{"prices": [{"item_id": "i", "price": 1e400}]}'
    assert error(root, body)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_another_encoding_than_utf_8_is_refused(root, encoding):
    body = '{"namespace": "caf\xe9"}'.encode(encoding)
    kind = f"application/json; charset={encoding}"
    assert "not valid JSON" in error(root, body, kind)["error"]


def test_a_lone_surrogate_is_refused(root):
    assert "not valid JSON" in error(root, b'{"namespace": "\\ud800"}')["error"]


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_an_empty_body_is_an_empty_object(root, body):
    assert error(root, body) == {"query": {"prices": ["This field is required."]}}


values = st.recursive(
    st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(values)
def test_depth_grows_by_one_with_every_level(value):
    assert depth([value]) == depth({"a": value}) == 1 + depth(value)
    assert depth([value, None, value]) == depth([value])


def test_depth_of_a_scalar_is_zero():
    assert depth(1) == depth("[]") == depth(None) == depth([]) == 0
