"""What the environment says and nothing can be made of is refused by name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import choice, database


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nonsense", "cannot be read"),
        ("postgresql://ada:secret@localhost:port/abacus", "cannot be read"),
        ("sqlite:///abacus.db", "expected postgresql://"),
    ],
)
def test_an_address_of_no_postgresql_is_refused_without_its_password(url, problem):
    with pytest.raises(
        ImproperlyConfigured, match=f"^DATABASE_URL.*{problem}"
    ) as caught:
        database(url)
    assert "secret" not in str(caught.value)


def test_one_of_a_few_words_is_expected(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "xml")
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT=xml: write console or"):
        choice("LOG_FORMAT", "console", "json")
    monkeypatch.setenv("LOG_FORMAT", "json")
    assert choice("LOG_FORMAT", "console", "json") == "json"
    monkeypatch.delenv("LOG_FORMAT")
    assert choice("LOG_FORMAT", "console", "json") == "console"
