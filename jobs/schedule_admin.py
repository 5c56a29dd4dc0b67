"""The policy of a schedule, beside everything else that django-celery-beat lets people edit."""

# mypy: disable-error-code="type-arg"
# Django's admin classes are generic for the type checker only.

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet, URLField
from django.http import HttpRequest
from django_celery_beat.admin import PeriodicTaskAdmin
from django_celery_beat.models import PeriodicTask

from jobs.engine.beat import schedule_actions
from jobs.errors import HachiError
from jobs.models import SchedulePolicy
from jobs.queries.sentences import count_of

admin.site.unregister(PeriodicTask)


class PolicyInline(admin.StackedInline):
    model = SchedulePolicy
    formfield_overrides = {URLField: {"assume_scheme": "https"}}


@admin.register(PeriodicTask)
class ScheduleAdmin(PeriodicTaskAdmin):
    inlines = [PolicyInline]

    @admin.action(description="Run selected tasks")
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """With every option: the action of the base class drops priority, expiry and headers."""
        number = 0
        for pk in queryset.values_list("pk", flat=True):
            try:
                schedule_actions.run_now(pk, by=request.user.get_username())
            except HachiError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                number += 1
        if number:
            self.message_user(request, f"{count_of(number, 'job')} submitted.", messages.SUCCESS)
