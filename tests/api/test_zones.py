"""A time zone is a name of the IANA database: what a host calls its own is none."""

import pytest

from api import zones


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Paris", "America/Argentina/Ushuaia", "Asia/Kathmandu"]
)
def test_a_place_has_a_clock(name):
    assert zones.zone(name).key == name


@pytest.mark.parametrize(
    "name",
    [
        "localtime",
        "posixrules",
        "Factory",
        "posix/Europe/Paris",
        "right/Europe/Paris",
        "/etc/localtime",
        "/usr/share/zoneinfo/Europe/Paris",
        "../zoneinfo/Europe/Paris",
        "Europe",
        "",
        "\0",
        "x" * 100_000,
    ],
)
def test_what_is_no_place_is_refused(name):
    with pytest.raises(ValueError, match=r"did you mean|expected one such as"):
        zones.zone(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("europe/paris", "Europe/Paris"), ("America/New York", "America/New_York")],
)
def test_a_slip_is_told(name, meant):
    with pytest.raises(ValueError, match=f"did you mean {meant}?"):
        zones.zone(name)


@pytest.mark.django_db
def test_a_query_says_so_too(manager):
    for address in ("/analytics/kpis/values/", "/v0/analytics"):
        answer = manager.get(address, {"timezone": "localtime"})
        assert answer.status_code == 400
        assert "'localtime' is no IANA time zone" in answer.content.decode()
