"""What the address of a page asks for is shown, or refused with a page that says what
is wrong: nothing else is shown in its place."""

import pytest

from accounts import services
from accounts.models import User

pytestmark = pytest.mark.django_db
PAGES = ["/", "/goals/"]


@pytest.fixture
def visit(client):
    """Opens an address as an account of a role, which is a member of the shop."""
    services.ensure_namespaces(["blog", "a&b"])

    def get(path, role="manager", namespaces=("shop", "a&b")):
        user = User.objects.create(
            username=role, role=role, is_superuser=role == "root"
        )
        user.namespaces.set(services.ensure_namespaces(namespaces).values())
        client.force_login(user)
        return client.get(path)

    return get


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["blog", "nowhere", "SHOP", ""])
def test_a_namespace_that_is_not_ones_own_is_refused_with_those_that_are(
    visit, page, name
):
    response = visit(f"{page}?namespace={name}")
    assert response.status_code == 403
    assert (
        f"There is no namespace &quot;{name}&quot;, or you may not read it."
        in response.text
    )
    assert f'<a href="{page}?namespace=shop">shop</a>' in response.text
    assert f'<a href="{page}?namespace=a%26b">a&amp;b</a>' in response.text
    assert "<select" not in response.text


def test_root_is_refused_what_does_not_exist(visit):
    response = visit("/?namespace=nowhere", role="root")
    assert response.status_code == 404
    assert ">blog</a>" in response.text


@pytest.mark.parametrize("page", PAGES)
def test_an_account_without_namespaces_is_told_what_to_do(visit, page):
    for path in (page, f"{page}?namespace=blog"):
        User.objects.all().delete()
        text = visit(path, namespaces=()).text
        assert "belongs to no namespace" in text
        assert "root&#x27;s token" not in text
        assert "root's token" not in text
    User.objects.all().delete()
    assert "root's token" in visit(page, role="root").text


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("period=fortnight", "period: &quot;fortnight&quot; is not known; expected"),
        ("granularity=2d", "expected one of 5m, 1h, 1d, 1w, 1mo"),
        ("compare=yesterday", "compare: &quot;yesterday&quot; is not known; expected"),
        ("timezone=Europe/Paradise", "is no IANA time zone"),
        ("from=2026-02-30", "from: Date has wrong format"),
        ("to=tomorrow", "to: Date has wrong format"),
        ("perod=today", "perod: This name is unknown: did you mean period?"),
        ("goal=buy", "goal: This name is unknown: expected compare, from,"),
        ("period=today&period=7d", "period: expected once"),
        ("namespace=shop&namespace=blog", "namespace: expected once"),
    ],
)
def test_the_dashboard_names_what_it_cannot_show(visit, query, reason):
    response = visit(f"/?{query}")
    assert response.status_code == 400
    assert reason in response.text


@pytest.mark.parametrize("query", ["gaol=buy", "period=7d", "goal=a&goal=b"])
def test_the_goals_page_names_what_it_cannot_show(visit, query):
    assert visit(f"/goals/?{query}").status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "/?namespace=shop&period=custom&from=2026-03-01&to=2026-03-29",
        "/?granularity=1d&compare=previous_week&timezone=Europe/Berlin",
        "/?kpis=aov&kpis=total_revenue",
        "/goals/?namespace=shop&goal=buy&include=a&include=b&exclude=c",
        "/?_source=mail",
    ],
)
def test_an_address_that_a_page_writes_is_shown(visit, address):
    assert visit(address).status_code == 200


def test_what_an_address_holds_is_text(visit):
    response = visit("/?namespace=<script>alert(1)</script>&period=<b>")
    assert "<script>" not in response.text
    assert "<b>" not in response.text
