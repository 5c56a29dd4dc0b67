"""Ticks become jobs: by the policy of the schedule, in one transaction with its last run."""

from datetime import datetime
from typing import Any

from django.db import transaction

from jobs.engine.actions.job_actions import cancel_jobs
from jobs.engine.beat.alerts import tell
from jobs.engine.beat.ticks import Window, left_out, to_run
from jobs.models import SchedulePolicy
from jobs.operations import schedule_runs as runs
from jobs.queries.schedule_health import Health, begin_of_task, policy_of

Overlap = SchedulePolicy.Overlap


@transaction.atomic
def run_due(app: Any, entry: Any, *, now: datetime) -> int:
    """Submit a job for each tick that is due. Returns how many.

    The schedule is locked and read anew: what another beat has dealt with meanwhile is not due.
    """
    task = runs.lock(entry.model.pk)
    if task is None:
        return 0
    policy = policy_of(task)
    begin = min(begin_of_task(task), now)  # the clock may have been put back
    window = Window(entry.schedule.schedule, begin, now)
    ticks = to_run(window, policy)
    missed = left_out(window, policy)
    known = runs.known_ticks(entry.name, [*ticks, *filter(None, [missed])])
    ticks = [tick for tick in ticks if tick not in known]
    if missed and missed not in known:
        # From here on nothing is owed, and a look would find nothing wrong.
        tell(app, task, Health.DID_NOT_RUN, now)
    submitted = _submit(app, entry, task, policy, ticks[-1:] if task.one_off else ticks)
    runs.dealt_with(task.pk, submitted=submitted, now=now)
    return submitted


@transaction.atomic
def run_waiting(app: Any, entry: Any) -> None:
    """Submit the tick that waits, if the run before it has ended."""
    task = runs.lock(entry.model.pk)
    tick = task and task.watch.waiting_tick
    if tick and not runs.unfinished_runs(entry.name):
        _send(app, entry, tick)
        runs.note_waiting(entry.model.pk, None)


def _submit(app: Any, entry: Any, task: Any, policy: SchedulePolicy, ticks: list[datetime]) -> int:
    if not ticks:
        return 0
    if policy.overlap == Overlap.ALLOW:
        for tick in ticks:
            _send(app, entry, tick)
        return len(ticks)
    unfinished = runs.unfinished_runs(entry.name)
    if policy.overlap == Overlap.QUEUE:
        return _one_after_the_other(app, entry, task, ticks, is_free=not unfinished)
    if unfinished and policy.overlap == Overlap.SKIP:
        runs.note_skipped(task.pk, ticks[-1])
        return 0
    if unfinished:
        cancel_jobs(unfinished, by=f"schedule {entry.name}, whose next run is due")
    _send(app, entry, ticks[-1])
    return 1


def _one_after_the_other(
    app: Any, entry: Any, task: Any, ticks: list[datetime], *, is_free: bool
) -> int:
    waiting: datetime | None = getattr(getattr(task, "watch", None), "waiting_tick", None)
    queue = [waiting, *ticks] if waiting else ticks
    number = 0
    if is_free:
        _send(app, entry, queue[0])
        queue, number = queue[1:], 1
    runs.note_waiting(task.pk, queue[0] if queue else None)
    return number


def _send(app: Any, entry: Any, tick: datetime) -> None:
    app.send_task(entry.task, entry.args, entry.kwargs, **entry.options_for(tick))
