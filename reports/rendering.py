"""Fills the templates: the body of the page, and the mail."""

from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone

from reports.build.charts import distribution_chart, hourly_chart
from reports.build.facts import DayFacts
from reports.models import Report

#: The page stays readable; the CSV has all.
MOST_TASKS = 100
MOST_FAILURES = 50


def report_html(facts: DayFacts) -> str:
    """The body of the report's page, every time in it in the report's own zone."""
    context = {
        "facts": facts,
        "tasks": facts.tasks[:MOST_TASKS],
        "more_tasks": max(len(facts.tasks) - MOST_TASKS, 0),
        "failures": facts.failures[:MOST_FAILURES],
        "more_failures": max(len(facts.failures) - MOST_FAILURES, 0),
        "hours_chart": hourly_chart(facts.hours),
        "waits_chart": distribution_chart("waits", "Waits", facts.wait_buckets),
        "runs_chart": distribution_chart("runs", "Run times", facts.run_buckets),
    }
    with timezone.override(facts.day.zone):
        return render_to_string("reports/report.html", context)


def mail_text(report: Report, url: str) -> str:
    return _mail("reports/mail.txt", report, url)


def mail_html(report: Report, url: str) -> str:
    return _mail("reports/mail.html", report, url)


def _mail(template: str, report: Report, url: str) -> str:
    with timezone.override(ZoneInfo(report.time_zone)):
        return render_to_string(template, {"report": report, "told": report.summary, "url": url})
