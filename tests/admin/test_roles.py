"""Who may do what in the admin: one table of page, method, role and object.

It is held against the admin's own registry and addresses: a model, an action or a page
without a row fails. The objects belong to the namespace "shop 0", whose manager is the
owner; the stranger manages "shop 1". Everybody was given every permission and the staff
mark by hand, which widens nothing.
"""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, reverse

from accounts.models import Namespace, User
from accounts.staff import OwnedAdmin
from tests.admin.conftest import session
from tests.transactions import read_only, undone

pytestmark = pytest.mark.django_db

REGISTRY = {model._meta.label_lower: model for model in admin.site._registry}
ALL = "see add change delete"

# Of each model: what managers of its namespace may, what root may, actions of its list.
TABLE = {
    "accounts.namespace": ("see", "see add change", ""),
    "accounts.user": ("", "see add change", "issue_tokens"),
    "analytics.aggregationrun": ("see", "see", ""),
    "analytics.kpi": ("see", ALL, ""),
    "analytics.metric": ("see", "see add change", "rebuild"),
    "analytics.metricbackfill": ("see", "see", ""),
    "analytics.report": ("see", "see", "cancel request_again"),
    "analytics.reportschedule": ("see add change", "see add change", "send_last"),
    "analytics.segmentbackfill": ("see", "see", ""),
    "axes.accessattempt": ("", "see delete", ""),
    "events.batch": ("see", "see", ""),
    "events.eventname": ("see", "see", "retire restore"),
    "events.failure": ("", "see", ""),
    "events.ignoredfield": ("see delete", "see delete", ""),
    "events.import": ("see delete", "see delete", ""),
    "flags.flag": (ALL, ALL, ""),
    "goals.goal": ("see add delete", "see add delete", ""),
    "knox.authtoken": ("", "see", "revoke"),
    "segmentation.abtest": (ALL, ALL, "end_now"),
    "segmentation.segmentation": (ALL, ALL, ""),
}
# Actions that change what all namespaces share, or accounts: root's, as the rest of it.
OF_ROOT = {"issue_tokens", "rebuild", "revoke"}
SHARED = {"analytics.kpi", "analytics.metric", "analytics.metricbackfill"}

# Page, method, what it needs; those of an object are 404 for whoever may not see it.
PAGES = [
    ("changelist", "get", "see"),
    ("changelist", "post", "see"),
    ("add", "get", "add"),
    ("add", "post", "add"),
]
PAGES_OF_AN_OBJECT = [
    ("change", "get", "see"),
    ("change", "post", "change"),
    ("history", "get", "see"),
    ("delete", "get", "delete"),
    ("delete", "post", "delete"),
]
# Every other page, in the order anonymous, backend, owner, stranger, root.
OTHERS = {
    "index": {"get": "login login ok ok ok", "post": "login login ok ok ok"},
    "login": {"get": "ok ok ok ok ok", "post": "ok ok ok ok ok"},
    "jsi18n": {"get": "login login ok ok ok", "post": "login login 405 405 405"},
    "password_change": {
        "get": "login login ok ok ok",
        "post": "login login ok ok ok",
    },
    "password_change_done": {
        "get": "login login ok ok ok",
        "post": "login login 405 405 405",
    },
    "autocomplete": {
        "get": "login login ok ok ok",
        "post": "login login 405 405 405",
    },
    "app_list": {"get": "login login ok ok ok", "post": "login login ok ok ok"},
    "auth_user_password_change": {
        "get": "login login 404 404 ok",
        "post": "login login 404 404 ok",
    },
    "flags_flag_preview": {
        "get": "login login ok ok ok",
        "post": "login login ok ok ok",
    },
    "analytics_reportschedule_preview": {
        "get": "login login ok 404 ok",
        "post": "login login ok 404 ok",
    },
    # Last: it takes the cookies.
    "logout": {"get": "405 405 405 405 405", "post": "ok ok ok ok ok"},
}
AUTOCOMPLETE = "?app_label=flags&model_name=flag&field_name=namespace"


def row(model):
    """Returns an object of the namespace "shop 0", or of none."""
    made, rows = (
        admin.site.get_model_admin(model),
        model._default_manager.order_by("pk"),
    )
    if isinstance(made, OwnedAdmin):
        shop = Namespace.objects.get(name="shop 0")
        rows = rows.filter(**{made.namespace_path: shop.pk})
    return rows.first()


@pytest.fixture
def people(rows):
    rows(2)
    first, second = Namespace.objects.order_by("name")
    return {
        "anonymous": Client(),
        "backend": session("backend", first),
        "owner": session("manager", first, name="owner"),
        "stranger": session("manager", second, name="stranger"),
        "root": session("root"),
    }


def address(model, page, *arguments):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=arguments)


def outcome(client, method, path, **sent):
    """Returns how a request ended, and undoes what it did: a GET does nothing."""
    with read_only() if method == "get" else undone():
        response = getattr(client, method)(path, sent)
    if response.status_code == 302:
        return "login" if response.url.startswith("/admin/login/") else "ok"
    return {200: "ok"}.get(response.status_code, str(response.status_code))


def may(person, name):
    """Returns the row of a model for somebody: None for who is not let in."""
    managers, root, _ = TABLE[name]
    if person in {"anonymous", "backend"}:
        return None
    return (root if person == "root" else managers).split()


def expected(person, name, needed, *, of_an_object):
    allowed = may(person, name)
    if allowed is None:
        return "login"
    foreign = person == "stranger" and name not in SHARED
    if of_an_object and (foreign or "see" not in allowed):
        return "404"
    return "ok" if needed in allowed else "403"


@pytest.mark.parametrize(
    "person", ["anonymous", "backend", "owner", "stranger", "root"]
)
def test_everybody_may_what_the_table_says(people, person):
    client, found, wanted = people[person], {}, {}
    for name, model in REGISTRY.items():
        for page, method, needed in PAGES:
            key = (name, page, method)
            found[key] = outcome(client, method, address(model, page))
            wanted[key] = expected(person, name, needed, of_an_object=False)
        for page, method, needed in PAGES_OF_AN_OBJECT:
            key, path = (name, page, method), address(model, page, row(model).pk)
            found[key] = outcome(client, method, path, post="yes")
            wanted[key] = expected(person, name, needed, of_an_object=True)
    assert found == wanted


def offered(client, model):
    """Returns the names of the actions below a list."""
    response = client.get(address(model, "changelist"))
    form = response.context and response.context.get("action_form")
    return (
        {name for name, _ in form.fields["action"].choices if name} if form else set()
    )


def test_every_list_offers_its_actions_to_whoever_may_take_them(people):
    for name, model in REGISTRY.items():
        actions = set(TABLE[name][2].split())
        for person, mine in [("owner", actions - OF_ROOT), ("root", actions)]:
            deleting = {"delete_selected"} if "delete" in may(person, name) else set()
            assert offered(people[person], model) == mine | deleting, (person, name)


@pytest.mark.parametrize("person", ["anonymous", "backend", "stranger"])
def test_an_action_on_what_is_another_namespace_s_does_nothing(people, person):
    before = everything()
    for name, model in REGISTRY.items():
        path, chosen = address(model, "changelist"), [row(model).pk]
        for action in [*TABLE[name][2].split(), "delete_selected"]:
            sent = {"action": action, "_selected_action": chosen}
            for sure in ({}, {"post": "yes", "confirmed": "yes"}):
                people[person].post(path, sent | sure)
    assert everything() == before


def everything():
    """Returns all rows that the admin knows, and what it noted of what staff did."""
    models: list[type[Model]] = [*REGISTRY.values(), LogEntry]
    return [list(one._default_manager.order_by("pk").values()) for one in models]


def other_pages():
    """Returns the names of all addresses but the usual five of each model."""
    usual = {
        f"{model._meta.app_label}_{model._meta.model_name}_{page}"
        for model in REGISTRY.values()
        for page in ("changelist", "add", "history", "delete", "change")
    }
    return {entry.name for entry in addresses(admin.site.get_urls())} - usual - {None}


def addresses(entries):
    for entry in entries:
        if isinstance(entry, URLPattern):
            yield entry
        else:
            yield from addresses(entry.url_patterns)


def test_every_model_and_every_page_has_its_row():
    assert REGISTRY.keys() == TABLE.keys()
    assert other_pages() == OTHERS.keys()
    owned = {
        name
        for name, model in REGISTRY.items()
        if isinstance(admin.site.get_model_admin(model), OwnedAdmin)
    }
    assert {name for name in TABLE if may("owner", name)} - owned == SHARED


def test_everybody_may_open_what_the_table_says(people):
    of_an_object = {
        "app_list": ["flags"],
        "auth_user_password_change": [row(User).pk],
        "analytics_reportschedule_preview": [
            row(REGISTRY["analytics.reportschedule"]).pk
        ],
    }
    for page, wanted in OTHERS.items():
        path = reverse(f"admin:{page}", args=of_an_object.get(page, []))
        path += AUTOCOMPLETE if page == "autocomplete" else ""
        for method, statuses in wanted.items():
            found = [outcome(client, method, path) for client in people.values()]
            assert found == statuses.split(), (page, method)
