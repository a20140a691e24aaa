"""Where files of reports are, as a deployment says it."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import options


def test_options_of_a_storage_are_a_json_object(monkeypatch):
    monkeypatch.setenv("FILES_OPTIONS", '{"bucket_name": "abacus", "querystring": 1}')
    assert options("FILES_OPTIONS") == {"bucket_name": "abacus", "querystring": 1}


@pytest.mark.parametrize("nothing", ["", " ", "{}"])
def test_without_options_there_are_none(monkeypatch, nothing):
    monkeypatch.setenv("FILES_OPTIONS", nothing)
    assert options("FILES_OPTIONS") == {}


@pytest.mark.parametrize("wrong", ["bucket", "[]", '"a"', "{'a': 1}", "null"])
def test_what_is_no_object_is_refused_by_name(monkeypatch, wrong):
    monkeypatch.setenv("FILES_OPTIONS", wrong)
    with pytest.raises(ImproperlyConfigured, match="FILES_OPTIONS"):
        options("FILES_OPTIONS")
