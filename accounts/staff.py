"""What staff may do in the admin, by their role and in their namespaces alone.

Every admin of the product is one of three kinds. What belongs to a namespace is seen
and changed by its managers (`OwnedAdmin`); the catalogue, which all namespaces share,
is seen by all staff and changed by root (`SharedAdmin`); accounts are root's
(`RootAdmin`).
Model permissions and groups have no say.
"""

from operator import attrgetter
from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, EmptyResultSet, ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import cached_property

from accounts.models import Role
from accounts.permissions import is_staff

ModelT = TypeVar("ModelT", bound=Model)
COUNTED = 10_000


def is_root(request: HttpRequest) -> bool:
    return is_staff(request.user) and request.user.role == Role.ROOT


def namespace_ids(request: HttpRequest) -> frozenset[int]:
    """Returns the visitor's own namespaces; root, who sees all, may have none."""
    return request.user.namespace_ids if is_staff(request.user) else frozenset()


class BoundedPaginator(Paginator[ModelT]):
    """Counts so many rows and no further: counting all of a big table takes long."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return rows[:COUNTED].count() if isinstance(rows, QuerySet) else len(rows)


class SoundChangeList(ChangeList):
    """Refuses a filter that no statement can express, such as the year 99999."""

    def get_queryset(
        self, request: HttpRequest, exclude_parameters: Any = None
    ) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        try:
            rows.query.sql_with_params()
        except EmptyResultSet:
            pass
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters(error) from error
        return rows


class StaffAdmin(admin.ModelAdmin[ModelT]):
    """What the three kinds share: what a visitor may not see does not exist."""

    def visible(self, request: HttpRequest) -> Q:
        """Returns the condition of the rows that the visitor may see."""
        raise NotImplementedError

    def may_see(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        """Says so of an object, and of the pages as such for None."""
        raise NotImplementedError

    def may_change(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        """Says so of an object, and of any at all for None."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelT]:
        return super().get_queryset(request).filter(self.visible(request))

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ModelT:
        """As Django's, with 404 where it would lead to another page."""
        obj = super().get_object(request, object_id, from_field)
        if obj is None:
            raise Http404(f"no such {self.opts.verbose_name}")
        return obj

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SoundChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """As Django's, with 400 where a key is chosen that no row could have."""
        for key in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.opts.pk.to_python(key)
            except ValidationError as error:
                raise BadRequest(f"{key} is no key") from error
        return super().changelist_view(request, extra_context)

    def get_field_queryset(
        self, db: str | None, db_field: Any, request: HttpRequest
    ) -> QuerySet[Any]:
        """Offers, and takes, what the visitor may see of another model."""
        model = db_field.remote_field.model
        rows = super().get_field_queryset(db, db_field, request)
        offered = model._default_manager.all() if rows is None else rows
        return offered.filter(visible(model, request, site=self.admin_site))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """As Django's; what the product wrote itself goes with what it belongs to."""
        gone, counts, lacking, protected = super().get_deleted_objects(objs, request)
        written = {
            str(model._meta.verbose_name)
            for model, other in self.admin_site._registry.items()
            if isinstance(other, ReadOnlyAdmin) and model is not self.model
        }
        return gone, counts, lacking - written, protected

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may_see(request)

    def has_view_permission(
        self, request: HttpRequest, obj: ModelT | None = None
    ) -> bool:
        return self.may_see(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_change(request)

    def has_change_permission(
        self, request: HttpRequest, obj: ModelT | None = None
    ) -> bool:
        return self.may_change(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: ModelT | None = None
    ) -> bool:
        return self.may_change(request, obj)


class OwnedAdmin(StaffAdmin[ModelT]):
    """For what belongs to a namespace: its managers may do all that root may."""

    namespace_path: str
    """The fields that lead from a row to the id of its namespace, as in a filter."""

    def visible(self, request: HttpRequest) -> Q:
        if is_root(request):
            return Q()
        return Q((f"{self.namespace_path}__in", namespace_ids(request)))

    def may_see(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        if obj is None or is_root(request):
            return is_staff(request.user)
        namespace_id = attrgetter(self.namespace_path.replace("__", "."))(obj)
        return namespace_id in namespace_ids(request)

    def may_change(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        return self.may_see(request, obj)


class SharedAdmin(StaffAdmin[ModelT]):
    """For what all namespaces share: managers look, root changes it for all."""

    def visible(self, request: HttpRequest) -> Q:
        return Q() if is_staff(request.user) else Q(pk__in=())

    def may_see(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        return is_staff(request.user)

    def may_change(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        return is_root(request)


class RootAdmin(StaffAdmin[ModelT]):
    """For accounts and what belongs to them: nobody but root learns of it."""

    def visible(self, request: HttpRequest) -> Q:
        return Q() if is_root(request) else Q(pk__in=())

    def may_see(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        return is_root(request)

    def may_change(self, request: HttpRequest, obj: ModelT | None = None) -> bool:
        return is_root(request)


class ReadOnlyAdmin(StaffAdmin[ModelT]):
    """Pages of what the product writes itself: to be looked at, however much it is."""

    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: ModelT | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: ModelT | None = None
    ) -> bool:
        return False


def visible(model: type[Model], request: HttpRequest, *, site: admin.AdminSite) -> Q:
    """Returns the condition of the rows of any model that the visitor may see.

    Raises NotRegistered for a model that has no admin.
    """
    other = site.get_model_admin(model)
    assert isinstance(other, StaffAdmin)
    return other.visible(request)


class VisibleFilter(admin.RelatedFieldListFilter):
    """Offers, beside a list, what the visitor may see of another model."""

    def field_choices(
        self, field: Any, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, Any]]:
        model, site = field.remote_field.model, model_admin.admin_site
        choices: list[tuple[str, Any]] = field.get_choices(
            include_blank=False,
            ordering=self.field_admin_ordering(field, request, model_admin),
            limit_choices_to=visible(model, request, site=site),
        )
        return choices


admin.FieldListFilter.register(
    lambda field: bool(field.remote_field), VisibleFilter, take_priority=True
)
