"""Every write: making the report of a day, and sending it."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse

from jobs.queries import history
from reports.build.csv import csv_of
from reports.build.day import Day
from reports.build.facts import DayFacts
from reports.build.schedules import schedule_facts
from reports.build.summary import summary_of
from reports.build.tally import Tally
from reports.build.wording import percentage
from reports.errors import DayTooEarly, FutureDay
from reports.models import Report
from reports.rendering import mail_html, mail_text, report_html

EARLIEST = date(1970, 1, 1)


def write_report(day: date, *, now: datetime, zone: ZoneInfo) -> Report:
    """Makes the report of `day` in `zone`, or makes it anew: there is one for a day.

    A day that is not over is reported "so far". Once retention may have deleted jobs of the day,
    a report that counted more of them stays as it is.

    Raises FutureDay and DayTooEarly.
    """
    facts = _gather(_reportable(day, now, zone), now)
    fuller = _fuller_report(facts) if facts.thinned else None
    if fuller is not None:
        return fuller
    values: dict[str, Any] = {
        "time_zone": zone.key,
        "updated_at": now,
        "summary": summary_of(facts),
        "html": report_html(facts),
        "csv": csv_of(facts),
    }
    report, _ = Report.objects.update_or_create(
        day=day, defaults=values, create_defaults={**values, "created_at": now}
    )
    return report


def mail_report(report: Report, recipients: list[str], now: datetime) -> bool:
    """Sends the report, once ever: says whether this call was the one that sent it.

    The row is marked before the mail leaves, so two at once send one. A mail that cannot be sent
    unmarks it and raises; a process that dies in between has sent nothing, and nobody tries again.
    """
    if report.so_far or not recipients:
        return False
    if Report.objects.filter(pk=report.pk).unmailed().update(mailed_at=now) != 1:
        return False
    try:
        _mail(report, recipients).send()
    except Exception:
        Report.objects.filter(pk=report.pk, mailed_at=now).update(mailed_at=None)
        raise
    report.mailed_at = now
    return True


def mail_is_set_up() -> bool:
    """Whether there is a mail server, and anybody to write to."""
    return bool(settings.EMAIL_HOST and settings.HACHI_REPORT_RECIPIENTS)


def report_url(day: date) -> str:
    """Where the report stands: a whole address if PUBLIC_URL is set, else the path."""
    return f"{settings.PUBLIC_URL}{reverse('reports:show', args=[day])}"


def _reportable(day: date, now: datetime, zone: ZoneInfo) -> Day:
    if day < EARLIEST:
        raise DayTooEarly
    if day > now.astimezone(zone).date():
        raise FutureDay(f"{day} has not begun yet in {zone.key}.")
    return Day.on(day, zone)


def _gather(day: Day, now: datetime) -> DayFacts:
    tally = Tally(day)
    tally.add_created(history.created_jobs(day.start, day.end))
    tally.add_finished(history.finished_jobs(day.start, day.end))
    tally.add_attempts(history.unsuccessful_attempts(day.start, day.end))
    schedules = schedule_facts(history.schedules(), history.scheduled_runs(day.start, day.end))
    return tally.facts(made_at=now, thinned=_may_be_thinned(day, now), schedules=schedules)


def _may_be_thinned(day: Day, now: datetime) -> bool:
    kept_days = min(settings.HACHI_KEEP_SUCCEEDED_DAYS, settings.HACHI_KEEP_FAILED_DAYS)
    return bool(kept_days) and day.start < now - timedelta(days=kept_days)


def _fuller_report(facts: DayFacts) -> Report | None:
    report = Report.objects.filter(
        day=facts.day.calendar_date, time_zone=facts.day.zone.key
    ).first()
    if report is not None and report.summary["finished"] > facts.outcomes.finished:
        return report
    return None


def _mail(report: Report, recipients: list[str]) -> EmailMultiAlternatives:
    told, url = report.summary, report_url(report.day)
    mail = EmailMultiAlternatives(
        subject=f"Jobs on {report.day}: {percentage(told['success_rate'])} succeeded, "
        f"{told['failed']} failed",
        body=mail_text(report, url),
        to=recipients,
    )
    mail.attach_alternative(mail_html(report, url), "text/html")
    mail.attach(f"jobs-{report.day}.csv", report.csv, "text/csv")
    return mail
