"""Static files as they are served: under hashed names, kept for good, compressed."""

import re
from pathlib import Path
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.test import Client, override_settings

from accounts.models import User
from api import documentation
from web import static_files

pytestmark = pytest.mark.django_db
PAGES = ["/", "/goals/", "/goals/?goal=a&goal=b", "/admin/", "/api/docs/"]
HASHED = re.compile(r"\.[0-9a-f]{12}\.(css|js|svg|png)$")
LINKS = {
    "text/html": r'(?:href|src)="(/static/[^"]+)"',
    "text/css": r'url\(["\']?([^"\')]+)',
    "text/javascript": r'from "(\.[^"]+)"',
}
# Below this, a file may be as small as it gets.
WORTHWHILE = 500


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """The static files as a product has them, and pages that speak of them so."""
    root = tmp_path_factory.mktemp("static")
    hashed = {"BACKEND": "web.static_files.HashedFiles"}
    product = override_settings(
        STATIC_ROOT=root,
        STORAGES={**settings.STORAGES, "staticfiles": hashed},
        WHITENOISE_AUTOREFRESH=False,
        WHITENOISE_USE_FINDERS=False,
    )
    with product, pytest.MonkeyPatch.context() as patch:
        patch.setattr(documentation, "_pages", {})  # else the tests' other pages stay
        static_files.collect()
        yield root


@pytest.fixture
def visitor(collected, db):
    client = Client(headers={"accept-encoding": "gzip"})
    client.force_login(User.objects.create_superuser("ada"))
    return client


def links(url, response):
    """Returns the addresses of the static files that an answer loads."""
    kind = response.headers["Content-Type"].partition(";")[0]
    if kind not in LINKS:
        return set()
    source = Path(static_path(url)).read_text() if "/static/" in url else response.text
    names = re.findall(LINKS[kind], source)
    return {urljoin(url, name) for name in names if not name.startswith("data:")}


def static_path(url):
    return settings.STATIC_ROOT / url.removeprefix("/static/")


def loaded(visitor, page):
    """Returns address → answer of all the static files that a page comes to load."""
    answers, waiting = {}, links(page, visitor.get(page))
    while waiting:
        url = waiting.pop()
        answers[url] = visitor.get(url)
        answers[url].close()
        waiting |= links(url, answers[url]) - answers.keys()
    return answers


@pytest.mark.parametrize("page", PAGES)
def test_all_that_a_page_loads_is_kept_for_good_and_compressed(visitor, page):
    answers = loaded(visitor, page)
    assert len(answers) > 2
    for url, answer in answers.items():
        assert answer.status_code == 200, url
        assert HASHED.search(url), url
        assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
        is_text = url.endswith((".css", ".js"))
        if is_text and static_path(url).stat().st_size > WORTHWHILE:
            assert answer.headers["Content-Encoding"] == "gzip", url


def test_a_dashboard_loads_its_modules_and_its_chart(visitor):
    names = {HASHED.sub("", Path(url).name) for url in loaded(visitor, "/")}
    assert {"page", "cards", "chart", "ask", "format", "uPlot.iife.min"} <= names


def test_what_is_collected_already_is_not_collected_again(collected):
    manifest = collected / "staticfiles.json"
    before = manifest.stat().st_mtime_ns
    static_files.collect()
    assert manifest.stat().st_mtime_ns == before


def test_a_source_that_changed_is_collected(tmp_path):
    source, root = tmp_path / "source", tmp_path / "root"
    source.mkdir()
    with override_settings(STATIC_ROOT=root, STATICFILES_DIRS=[source]):
        for content in ("a", "b"):
            (source / "note.txt").write_text(content)
            static_files.collect()
            assert (root / "note.txt").read_text() == content
