"""Beat looks for schedules that did not run or did not finish, and submits one alert each time."""

import logging
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django_celery_beat.models import PeriodicTask

from jobs.errors import DatabaseUnavailable
from jobs.models import ScheduleWatch
from jobs.operations.schedule_runs import note_incident, note_switches
from jobs.queries.schedule_health import RECENT_RUNS, Health, health, last_runs
from jobs.queries.schedules import schedule_of

logger = logging.getLogger(__name__)

TASK = "jobs.alert_schedule"
_INCIDENTS = {
    Health.DID_NOT_RUN: ScheduleWatch.Incident.DID_NOT_RUN,
    Health.DID_NOT_FINISH: ScheduleWatch.Incident.DID_NOT_FINISH,
}


def raise_alarms(app: Any, *, now: datetime) -> None:
    """Note what is wrong with the schedules that have a policy, and tell those who want to know."""
    note_switches(now=now)  # or what was edited since the rows were read would look like a debt
    tasks = PeriodicTask.objects.filter(policy__isnull=False, watch__isnull=False)
    parts = ("interval", "crontab", "solar", "clocked", "policy", "watch")
    for task in tasks.select_related(*parts):
        try:
            _look(app, task, now)
        except (OperationalError, InterfaceError, DatabaseUnavailable):
            raise
        except Exception:
            # One schedule that makes no sense must not hide the others.
            logger.exception("The schedule %s could not be looked at.", task.name)


def _look(app: Any, task: Any, now: datetime) -> None:
    found = _health(task, now)
    if found is Health.LATE and task.watch.incident:
        return  # neither well nor a new incident
    if _INCIDENTS.get(found, ScheduleWatch.Incident.NONE) != task.watch.incident:
        tell(app, task, found, now)


def tell(app: Any, task: Any, found: Health, now: datetime) -> None:
    """Note how a schedule fares, and submit the alerts if that is a new incident."""
    incident = _INCIDENTS.get(found, ScheduleWatch.Incident.NONE)
    with transaction.atomic():
        # Of two beats, the one that changes the row tells.
        if note_incident(task.pk, incident, now=now) and incident:
            logger.warning("Schedule %s %s.", task.name, found)
            for channel in _channels(task.policy):
                app.send_task(TASK, (task.pk, str(found), now.isoformat(), channel))


def _health(task: Any, now: datetime) -> Health:
    schedule = schedule_of(task)
    if schedule is None:
        return Health.DID_NOT_RUN if task.enabled else Health.OFF
    return health(task, schedule, last_runs(task.name, most=RECENT_RUNS), now)


def _channels(policy: Any) -> list[str]:
    channels = {"mail": policy.alert_mail, "webhook": policy.alert_webhook}
    return [name for name, address in channels.items() if address]
