"""The report of the night, and its mail."""

from datetime import date
from zoneinfo import ZoneInfo

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from jobs.queries.history import due_at
from reports.build.day import yesterday
from reports.errors import BadDay
from reports.operations import mail_is_set_up, mail_report, report_url, write_report
from reports.queries import report_of

MAIL_RETRIES = 10
LONGEST_PAUSE_SECONDS = 3600


@shared_task(name="reports.generate_daily_report", bind=True, public=True)
def generate_daily_report(self: Task, day: str | None = None) -> dict[str, str | int]:
    """Report on a day of jobs, like 2026-03-29; with none, on the day that ended last."""
    zone = ZoneInfo(settings.TIME_ZONE)
    wanted = _day(day) if day else _day_before(self.request.id, zone)
    report = write_report(wanted, now=timezone.now(), zone=zone)
    if mail_is_set_up() and report.mailed_at is None and not report.so_far:
        mail_daily_report.delay(day=wanted.isoformat())
    return {
        "day": wanted.isoformat(),
        "jobs": report.summary["finished"],
        "url": report_url(wanted),
    }


@shared_task(
    name="reports.mail_daily_report",
    autoretry_for=(OSError,),  # all that smtplib raises, and the socket under it
    max_retries=MAIL_RETRIES,
    retry_backoff=30,
    retry_backoff_max=LONGEST_PAUSE_SECONDS,
)
def mail_daily_report(day: str) -> bool:
    """Send the report of a day by mail, unless it has been sent; says whether it was."""
    report = report_of(_day(day))
    recipients = settings.HACHI_REPORT_RECIPIENTS if mail_is_set_up() else []
    return mail_report(report, recipients, timezone.now())


def submit_report(day: date, *, by: str) -> str:
    """Submit a job that makes the report of a day, and return its id."""
    job = generate_daily_report.apply_async(
        kwargs={"day": day.isoformat()}, headers={"requested_by": by}
    )
    return str(job.id)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadDay(f"{text!r} is no day. Write it as 2026-03-29.") from error


def _day_before(job_id: str | None, zone: ZoneInfo) -> date:
    """The day before the one that the job was due in, however late it runs."""
    due = due_at(job_id) if job_id else None
    return yesterday(due or timezone.now(), zone)
