"""Tell people that a schedule did not run, or did not finish in time."""

import json

from celery import Task, shared_task
from django.conf import settings
from django.core.mail import send_mail

from jobs.models import SchedulePolicy
from jobs.work.fetch import FetchError, Policy
from jobs.work.fetch.post import post_json

_WEBHOOK_SECONDS = 10
_MOST_ANSWER_BYTES = 100_000


@shared_task(
    bind=True,
    name="jobs.alert_schedule",
    soft_time_limit=60,
    time_limit=90,
    max_retries=5,
    autoretry_for=(OSError, FetchError),
    retry_backoff=10,
    retry_backoff_max=600,
)
def alert_schedule(self: Task, schedule: int, problem: str, seen_at: str, channel: str) -> str:
    """Send one alert, by mail or to a webhook; says where it went."""
    policy = SchedulePolicy.objects.select_related("schedule").filter(pk=schedule).first()
    if policy is None:
        return "The schedule has no policy any more."
    name = policy.schedule.name
    if channel == "mail" and policy.alert_mail:
        _mail(policy.alert_mail, name, problem, seen_at)
        return f"mailed to {policy.alert_mail}"
    if channel == "webhook" and policy.alert_webhook:
        body = {"schedule": name, "problem": problem, "seen_at": seen_at, "url": _url(schedule)}
        status = post_json(policy.alert_webhook, json.dumps(body), _rules())
        return f"the webhook answered {status}"
    return "Nobody wants to know any more."


def _mail(address: str, name: str, problem: str, seen_at: str) -> None:
    subject = f"Schedule {name} {problem}".replace("\n", " ").replace("\r", " ")
    text = f"The schedule {name} {problem}.\nSeen at {seen_at}."
    send_mail(subject, text, None, [address])


def _url(schedule: int) -> str:
    return f"{settings.PUBLIC_URL}/schedules/{schedule}/" if settings.PUBLIC_URL else ""


def _rules() -> Policy:
    return Policy(
        total_seconds=_WEBHOOK_SECONDS,
        max_bytes=_MOST_ANSWER_BYTES,
        allow_loopback=settings.HACHI_FETCH_ALLOW_LOOPBACK,
    )
