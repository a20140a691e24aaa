"""Who may read and write which namespace, and what no name stands for."""

import pytest
from rest_framework.exceptions import PermissionDenied, ValidationError

from accounts import queries, services
from accounts.models import Namespace, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    def make(role, *namespaces):
        account = User.objects.create(
            username=f"{role}-{len(namespaces)}", role=role, is_superuser=role == "root"
        )
        account.namespaces.set(services.ensure_namespaces(namespaces).values())
        return account

    return make


def read(user, name):
    found = queries.scope(user=user, name=name)
    return found and found.name


def write(user, *names):
    found = services.writable_scopes(user=user, names=set(names))
    return {name: scope.name for name, scope in found.items()}


def test_without_a_name_a_member_of_one_reads_that_one(user):
    assert read(user("manager", "shop"), None) == "shop"


def test_without_a_name_a_member_of_several_reads_default(user):
    assert read(user("manager", "shop", "default"), None) == "default"
    with pytest.raises(PermissionDenied, match="no access to namespace 'default'"):
        read(user("manager", "shop", "blog", "news"), None)


def test_without_a_name_root_reads_default_even_as_a_member_of_one(user):
    root = user("root", "shop")
    assert read(root, None) is None
    services.ensure_namespaces(["default"])
    assert read(root, None) == "default"


def test_without_a_name_who_belongs_nowhere_reads_nothing(user):
    services.ensure_namespaces(["default"])
    with pytest.raises(PermissionDenied):
        read(user("manager"), None)


@pytest.mark.parametrize("name", ["elsewhere", "unknown", "", "nul\0", "x" * 10_000])
def test_others_read_their_own_alone_and_do_not_learn_what_exists(user, name):
    services.ensure_namespaces(["elsewhere"])
    with pytest.raises(PermissionDenied, match="no access to namespace"):
        read(user("backend", "shop"), name)


@pytest.mark.parametrize("name", ["unknown", "", "nul\0", "x" * 10_000])
def test_to_root_a_namespace_that_is_unknown_is_none_and_is_not_created(user, name):
    assert read(user("root"), name) is None
    assert not Namespace.objects.exists()


def test_root_reads_every_namespace(user):
    services.ensure_namespaces(["shop", "blog"])
    root = user("root")
    assert [read(root, "shop"), read(root, "blog")] == ["shop", "blog"]


def test_names_differ_by_case(user):
    services.ensure_namespaces(["Shop"])
    assert read(user("root"), "shop") is None


def test_the_namespaces_of_a_batch_are_found_in_one_query(
    user, django_assert_num_queries
):
    manager = user("manager", "shop", "blog", "default")
    with django_assert_num_queries(1):
        found = write(manager, "shop", "blog", None)
    assert found == {"shop": "shop", "blog": "blog", None: "default"}


def test_one_foreign_namespace_refuses_a_batch(user):
    services.ensure_namespaces(["elsewhere"])
    with pytest.raises(PermissionDenied, match="'elsewhere', 'new'"):
        write(user("manager", "shop"), "shop", "new", "elsewhere")
    assert not Namespace.objects.filter(name="new").exists()


def test_root_s_first_write_creates_namespaces(user):
    root = user("root")
    assert write(root, "shop", None) == {"shop": "shop", None: "default"}
    assert write(root, "shop", None) == {"shop": "shop", None: "default"}
    assert Namespace.objects.count() == 2


@pytest.mark.parametrize("name", ["", "tab\t", "nul\0", "x" * 201])
def test_root_cannot_create_a_namespace_that_cannot_be(user, name):
    with pytest.raises(ValidationError) as refused:
        write(user("root"), name)
    assert list(refused.value.detail) == ["namespace"]
    assert not Namespace.objects.exists()
