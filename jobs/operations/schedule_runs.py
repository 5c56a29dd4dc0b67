"""What beat notes of schedules, and the switch that turns them on and off."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import BooleanField, F, Q
from django.db.models.expressions import RawSQL
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from jobs.models import Job, ScheduleWatch
from jobs.states import UNFINISHED

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
#: In SQL, or SQLite would not use the index job_by_schedule.
_OF_A_SCHEDULE = Q(RawSQL("NOT (schedule = '')", (), output_field=BooleanField()))
#: Where runs may not overlap, those that have not ended are among the last few.
_LAST_RUNS = 100
#: The clocks of two machines may differ by so much; what a beat notes by the faster one stays.
_CLOCKS_DIFFER = timedelta(seconds=2)


def note_switches(*, now: datetime) -> None:
    """Note which schedules have been switched on or off since the last look.

    One that is seen for the first time has been on since its last run: what was missed before
    anybody watched was missed all the same.
    """
    watches = ScheduleWatch.objects
    watches.filter(schedule__enabled=False, enabled_since__isnull=False).update(enabled_since=None)
    watches.filter(schedule__enabled=True, enabled_since=None).update(enabled_since=now)
    new = PeriodicTask.objects.filter(watch=None)
    rows = [ScheduleWatch(schedule=t, enabled_since=_FIRST if t.enabled else None) for t in new]
    watches.bulk_create(rows, ignore_conflicts=True)
    _note_rules(now)


def _note_rules(now: datetime) -> None:
    """What a schedule would have fired by a new rule, before it had it, it does not owe."""
    parts = ("schedule__interval", "schedule__crontab", "schedule__solar")
    timed = ScheduleWatch.objects.filter(schedule__clocked=None, enabled_since__isnull=False)
    for watch in timed.select_related(*parts):
        rule = str(watch.schedule.scheduler)
        if rule != watch.rule:
            since = now if watch.rule else watch.enabled_since
            same = ScheduleWatch.objects.filter(pk=watch.pk, rule=watch.rule)
            same.update(rule=rule, enabled_since=since)


@transaction.atomic
def switch(pk: int, *, on: bool, now: datetime) -> bool:
    """Switch a schedule on or off, and wake beat. False if it was so already."""
    if not PeriodicTask.objects.filter(pk=pk, enabled=not on).update(enabled=on):
        return False
    since = now if on else None
    ScheduleWatch.objects.update_or_create(schedule_id=pk, defaults={"enabled_since": since})
    PeriodicTasks.update_changed()
    return True


def lock(pk: int) -> PeriodicTask | None:
    """The schedule as it is now, locked for this transaction; None if it is off or gone."""
    schedules = PeriodicTask.objects.select_for_update(of=("self",)).filter(pk=pk, enabled=True)
    return schedules.select_related("policy", "watch").first()


def dealt_with(pk: int, *, submitted: int, now: datetime) -> None:
    """Note that every tick up to `now` has been dealt with."""
    PeriodicTask.objects.filter(pk=pk).update(
        last_run_at=now, total_run_count=F("total_run_count") + submitted
    )


def forget_the_future(now: datetime) -> bool:
    """Bring what was noted by a clock that has been put back since down to `now`.

    Until then no tick would count. True if there was anything.
    """
    latest = now + _CLOCKS_DIFFER
    made = Q(last_run_at=None, clocked=None, date_changed__gt=latest)
    ran = PeriodicTask.objects.filter(Q(last_run_at__gt=latest) | made)
    switched = ScheduleWatch.objects.filter(enabled_since__gt=latest)
    if not (ran.exists() or switched.exists()):  # the writes would wait for their turn in vain
        return False
    return bool(ran.update(last_run_at=now) + switched.update(enabled_since=now))


def unfinished_runs(name: str) -> list[str]:
    """Ids of the schedule's jobs that have not ended."""
    runs = Job.objects.filter(_OF_A_SCHEDULE, schedule=name).order_by("-created_at")
    last = runs.values_list("id", "state")[:_LAST_RUNS]
    return [id for id, state in last if state in UNFINISHED]


def known_ticks(name: str, ticks: list[datetime]) -> set[datetime]:
    """Those of `ticks` that are jobs already: the clock was put back, or the row was edited."""
    found = Job.objects.filter(schedule=name, tick__in=ticks, tick__isnull=False)
    return {tick for tick in found.values_list("tick", flat=True) if tick}


def note_waiting(pk: int, tick: datetime | None) -> None:
    """Note the tick that waits for the end of the run before it; None for none."""
    ScheduleWatch.objects.filter(schedule_id=pk).update(waiting_tick=tick)


def note_skipped(pk: int, tick: datetime) -> None:
    """Note the tick that was left out because the run before it had not ended."""
    ScheduleWatch.objects.filter(schedule_id=pk).update(skipped_tick=tick)


def waiting() -> list[int]:
    """The schedules of which a tick waits."""
    waiting = ScheduleWatch.objects.filter(waiting_tick__isnull=False, schedule__enabled=True)
    return list(waiting.values_list("schedule_id", flat=True))


def note_incident(pk: int, incident: str, *, now: datetime) -> bool:
    """Note what is wrong with a schedule, or "". True for the one who notes a change."""
    changed = ScheduleWatch.objects.filter(~Q(incident=incident), schedule_id=pk)
    at = now if incident else None
    return changed.update(incident=incident, incident_at=at) == 1
