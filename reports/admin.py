"""Reports in Django's admin: to look at and to delete, not to edit."""

from django.contrib import admin
from django.http import HttpRequest

from reports.models import Report


@admin.register(Report)
class ReportAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # no generic at run time
    list_display = ["day", "time_zone", "updated_at", "mailed_at"]
    date_hierarchy = "day"
    exclude = ["html", "csv"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Report | None = None) -> bool:
        return False
