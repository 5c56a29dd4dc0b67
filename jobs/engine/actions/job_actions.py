"""What people do with jobs, the same for pages, API, admin and commands."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from jobs.engine.again import atomic_again
from jobs.engine.broker.publisher import publish_on_commit
from jobs.engine.ends.turns import after_cancel, let_in
from jobs.engine.submit.turn_options import check_limits
from jobs.errors import LaneNotFound, TaskNotPublic, UniqueKeyTaken, UnknownTask
from jobs.operations import lane_limits
from jobs.operations.cancel import cancel
from jobs.operations.lane_limits import KEEP, Keep, Rate
from jobs.operations.pauses import pause, resume
from jobs.operations.retry import retry, taken_keys
from jobs.states import State


def submit_task(
    name: str,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    countdown: float | None = None,
    queue: str | None = None,
    priority: int | None = None,
    requested_by: str = "",
    public_only: bool = False,
    turn: Mapping[str, Any] | None = None,
) -> str:
    """Submit a job of the task called `name`; returns its id. `countdown` is in seconds.

    `turn` has options of jobs.engine.submit.turn_options: lane, unique, idempotency_key and more.

    Raises:
        UnknownTask, TaskNotPublic: there is no such task, or it may not be called from outside.
        InvalidArguments, MessageTooLarge, SubmitError, DatabaseUnavailable: see
            JobTask.apply_async.
    """
    task = find_task(name, public_only=public_only)
    options = {"countdown": countdown, "queue": queue, "priority": priority, **(turn or {})}
    result = task.apply_async(
        list(args),
        dict(kwargs or {}),
        headers={"requested_by": requested_by},
        **{key: value for key, value in options.items() if value is not None},
    )
    return str(result.id)


def find_task(name: str, *, public_only: bool = False) -> Any:
    """The task called `name`. Raises UnknownTask, TaskNotPublic."""
    task = current_app.tasks.get(name)
    if task is None:
        raise UnknownTask(f"There is no task {name!r}.")
    if public_only and not task.public:
        raise TaskNotPublic(f"{name} cannot be called from outside (it is not public=True).")
    return task


@atomic_again
def cancel_jobs(ids: Collection[str], *, by: str, running: bool = True) -> int:
    """Cancel waiting jobs, and ask for the end of running ones. Returns how many it concerned."""
    now = timezone.now()
    reason = f"Cancelled by {by}." if by else "Cancelled."
    cancelled, asked = cancel(ids, reason=reason, now=now, running=running)
    after_cancel(current_app, cancelled, now=now)
    return len(cancelled) + len(asked)


def retry_jobs(ids: Collection[str], *, by: str) -> int:
    """Queue finished jobs once more. Returns how many there were.

    Raises:
        UniqueKeyTaken: there was none, because other jobs have their unique keys.
    """
    number = retry_free(ids, by=by)
    if not number and (taken := taken_keys(ids)):
        id, holder = next(iter(taken.items()))
        raise UniqueKeyTaken(f"Job {id} is unique, and job {holder} has its key until it ends.")
    return number


@atomic_again
def retry_free(ids: Collection[str], *, by: str) -> int:
    """The same for many at once: what cannot run beside another unique job is left as it is."""
    now = timezone.now()
    retried = retry(ids, by=by, now=now)
    publish_on_commit([job for job in retried if job.state == State.QUEUED])
    let_in({job.lane for job in retried if job.lane})
    return len(retried)


@atomic_again
def change_lane(
    key: str, *, by: str, width: int | None = None, rate: Rate | Keep | None = KEEP
) -> None:
    """Change a lane's width, its rate (starts and seconds; None: no rate), or both, from now on.

    What is not given stays as it is. Jobs that wait in the lane go by the new limits at once.

    Raises:
        LaneNotFound: no job has named this lane yet.
        InvalidLimit: a lane cannot be like this.
    """
    check_limits(width, None if rate is KEEP else rate)
    if not lane_limits.change_lane(key, width=width, rate=rate, by=by, now=timezone.now()):
        raise LaneNotFound(f"There is no lane {key[:200]!r}: the first job that names it makes it.")
    let_in({key})


def pause_jobs(
    kind: str, value: str, *, by: str, reason: str = "", until: datetime | None = None
) -> None:
    """Let no job of a "queue", "task" or "lane" start until it is resumed or `until` comes."""
    pause(kind, value, by=by, reason=reason, until=until, now=timezone.now())


@transaction.atomic
def resume_jobs(kind: str, value: str) -> int:
    """End a pause. Returns how many jobs go on by it at once."""
    now = timezone.now()
    jobs = resume(kind, value, now=now)
    publish_on_commit(jobs)
    return len(jobs)
