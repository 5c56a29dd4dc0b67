"""What people do with schedules, the same for the pages and the admin."""

from typing import Any

from celery import current_app
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from kombu.utils.json import loads

from jobs.engine.beat.entry import JobEntry
from jobs.errors import InvalidArguments, ScheduleNotFound
from jobs.operations.schedule_runs import switch


def run_now(pk: int, *, by: str) -> str:
    """Submit a job of a schedule at once, with every option that its ticks have; returns its id.

    It stands for no tick: what is due later runs all the same.

    Raises:
        ScheduleNotFound: there is no such schedule.
        InvalidArguments: what it keeps as arguments is not JSON, or does not fit the task.
        MessageTooLarge, DatabaseUnavailable: see JobTask.apply_async.
    """
    task = _found(pk)
    _check_json(task)
    entry = JobEntry(task, app=current_app._get_current_object())
    options = entry.options_with(requested_by=by)
    result = entry.app.send_task(entry.task, entry.args, entry.kwargs, **options)
    return str(result.id)


def pause(pk: int) -> bool:
    """Switch a schedule off. False if it was off."""
    return switch(_found(pk).pk, on=False, now=timezone.now())


def resume(pk: int) -> bool:
    """Switch a schedule on. False if it was on."""
    return switch(_found(pk).pk, on=True, now=timezone.now())


def _found(pk: int) -> Any:
    parts = ("interval", "crontab", "solar", "clocked", "policy", "watch")
    task = PeriodicTask.objects.select_related(*parts).filter(pk=pk).first()
    if task is None:
        raise ScheduleNotFound
    return task


def _check_json(task: Any) -> None:
    for name in ("args", "kwargs", "headers"):
        try:
            loads(getattr(task, name) or "null")
        except ValueError as error:
            raise InvalidArguments(f"The {name} of {task.name} are not JSON: {error}") from None
