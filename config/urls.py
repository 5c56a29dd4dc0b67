"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

handler500 = "jobs.web.outage.broken"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("jobs.api.urls")),
    path("reports/", include("reports.urls")),
    path("", include("jobs.web.urls")),
]
