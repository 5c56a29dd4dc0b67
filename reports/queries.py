"""Every read of reports."""

from dataclasses import dataclass
from datetime import date

from django.core.paginator import Page, Paginator

from reports.errors import ReportNotFound
from reports.models import Report

PER_PAGE = 31


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The days with a report next to a day."""

    earlier: date | None
    later: date | None


def newest_reports(page: str | None = None) -> Page[Report]:
    """A page of reports, newest day first; a page that is not there gives the nearest."""
    reports = Report.objects.without_documents().order_by("-day")
    return Paginator(reports, PER_PAGE).get_page(page)


def report_of(day: date) -> Report:
    """The report of a day. Raises ReportNotFound."""
    report = Report.objects.filter(day=day).first()
    if report is None:
        raise ReportNotFound(f"No report has been made of {day}.")
    return report


def neighbours_of(day: date) -> Neighbours:
    """The last report before a day and the first one after it."""
    days = Report.objects.values_list("day", flat=True)
    return Neighbours(
        earlier=days.filter(day__lt=day).order_by("-day").first(),
        later=days.filter(day__gt=day).order_by("day").first(),
    )
