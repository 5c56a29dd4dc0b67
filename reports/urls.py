"""The addresses under /reports/."""

from django.urls import path, register_converter

from reports import views
from reports.converters import DayConverter

register_converter(DayConverter, "day")

app_name = "reports"
urlpatterns = [
    path("", views.list_reports, name="list"),
    path("<day:day>/", views.show_report, name="show"),
    path("<day:day>.csv", views.download_csv, name="csv"),
]
