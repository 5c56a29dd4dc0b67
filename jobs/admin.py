"""Django's admin: everything to look at, and the verbs retry, cancel and revoke to use.

Schedules stand in django-celery-beat's own admin.
"""

# mypy: disable-error-code="type-arg"
# Django's admin classes are generic for the type checker only.

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from jobs.engine.actions import job_actions
from jobs.errors import HachiError
from jobs.models import (
    Attempt,
    Batch,
    BatchCallback,
    BulkAction,
    Job,
    Lane,
    LogLine,
    Node,
    Page,
    Picture,
    Rendition,
    Token,
)
from jobs.operations.tokens import revoke_token
from jobs.queries.sentences import count_of

#: Rows are counted up to here: the table of jobs may have millions.
_MOST_COUNTED = 10_000


class BoundedPaginator(Paginator):
    """Counts a bounded number of rows, and so ends there; filters lead further."""

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment] # the admin pages no lists
        return len(rows.values_list("pk")[:_MOST_COUNTED])


class ReadOnly:
    """To be looked at only."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AttemptInline(ReadOnly, admin.StackedInline):
    model = Attempt
    extra = 0


class LogLineInline(ReadOnly, admin.TabularInline):
    model = LogLine
    extra = 0


@admin.register(Job)
class JobAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "task", "queue", "state", "attempt", "created_at", "finished_at"]
    list_filter = ["state", "task", "queue"]
    search_fields = ["id__startswith", "task", "error_type", "error_message"]
    ordering = ["-created_at"]
    actions = ["retry", "cancel"]
    inlines = [AttemptInline, LogLineInline]
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("message", "result")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Retry and cancel are for those who might change jobs, were they not read-only."""
        return request.user.has_perm("jobs.change_job")

    @admin.action(description="Retry the selected jobs", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._act(request, queryset, job_actions.retry_jobs, "queued again")

    @admin.action(description="Cancel the selected jobs", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        self._act(request, queryset, job_actions.cancel_jobs, "cancelled")

    def _act(self, request: HttpRequest, queryset: QuerySet[Job], act: Any, done: str) -> None:
        ids = list(queryset.order_by().values_list("id", flat=True)[:_MOST_COUNTED])
        try:
            number = act(ids, by=request.user.get_username())
        except HachiError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            text = f"{count_of(number, 'job')} of {len(ids)} {done}."
            self.message_user(request, text, messages.SUCCESS if number else messages.WARNING)


@admin.register(Lane)
class LaneAdmin(admin.ModelAdmin):
    """Its limits are changed here as everywhere else, for the jobs that wait in it too."""

    list_display = ["key", "width", "rate_count", "rate_seconds", "changed_by", "changed_at"]
    fields = ["key", "width", "rate_count", "rate_seconds", "changed_by", "changed_at"]
    readonly_fields = ["key", "changed_by", "changed_at"]
    search_fields = ["key__startswith"]
    ordering = ["key"]
    paginator = BoundedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Lane, form: Any, change: bool) -> None:
        rate = (obj.rate_count, obj.rate_seconds) if obj.rate_count and obj.rate_seconds else None
        job_actions.change_lane(obj.pk, by=request.user.get_username(), width=obj.width, rate=rate)


@admin.register(Token)
class TokenAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "created_at", "last_used_at", "revoked_at"]
    fields = ["name", "created_at", "last_used_at", "revoked_at"]
    search_fields = ["name"]
    ordering = ["name"]
    actions = ["revoke"]

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_token")

    @admin.action(description="Revoke the selected tokens", permissions=["operate"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        for name in queryset.values_list("name", flat=True):
            try:
                revoke_token(name, timezone.now())
            except HachiError as error:
                self.message_user(request, str(error), messages.WARNING)
            else:
                self.message_user(request, f"The token {name} is revoked.", messages.SUCCESS)


class RenditionInline(ReadOnly, admin.TabularInline):
    model = Rendition
    extra = 0


@admin.register(Picture)
class PictureAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "content_type", "bytes", "width", "height", "created_at"]
    search_fields = ["name", "job"]
    ordering = ["-created_at"]
    inlines = [RenditionInline]


@admin.register(Page)
class PageAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["title", "url", "status", "fetched_at"]
    search_fields = ["title", "url"]
    ordering = ["-fetched_at"]


@admin.register(Node)
class NodeAdmin(ReadOnly, admin.ModelAdmin):
    list_display = [
        "name",
        "kind",
        "pool",
        "concurrency",
        "queues",
        "seen_at",
        "stopping_at",
        "deaf_since",
        "clock_ahead",
    ]
    list_filter = ["kind"]
    ordering = ["kind", "name"]


class BatchCallbackInline(ReadOnly, admin.TabularInline):
    model = BatchCallback
    fields = readonly_fields = ("event", "task", "submitted_at")
    extra = 0


@admin.register(Batch)
class BatchAdmin(ReadOnly, admin.ModelAdmin):
    """To look at; `view on site` leads to the page where a batch is cancelled and retried."""

    list_display = ["__str__", "requested_by", "created_at", "closed_at", "finished_at"]
    search_fields = ["id", "name"]
    ordering = ["-created_at"]
    inlines = [BatchCallbackInline]

    def view_on_site(self, obj: Batch) -> str:
        return reverse("batch", args=[obj.pk])


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["verb", "wanted", "asked_by", "asked_at", "done", "state", "finished_at"]
    ordering = ["-asked_at"]


from jobs import schedule_admin  # noqa: E402, F401 - registers the admin of schedules
