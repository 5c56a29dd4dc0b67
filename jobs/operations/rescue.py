"""Rescue: what a dead worker held goes back, or is failed if it keeps killing workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from jobs.models import Attempt, Job
from jobs.operations.claim import release
from jobs.operations.conclude import Conclusion, Problem, conclude
from jobs.operations.nodes import leave
from jobs.states import State, WaitingFor

#: Seconds before a job runs again after its worker died, by the count of crashes.
_BACKOFF = (2.0, 15.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class Rescue:
    """What was found in the hands of a dead worker."""

    released: Sequence[Job]
    crashed: Sequence[str]


@transaction.atomic
def rescue(worker: str, *, max_crashes: int, reason: str, now: datetime) -> Rescue:
    """Take everything back from `worker`, which is dead.

    Claimed jobs go back without an attempt spent; running ones are crashes. One of the claimed may
    have killed the worker before its start was written: the next worker writes it first. The
    worker's row goes too: should it wake up, it finds neither its row nor its jobs, and writes
    nothing.
    """
    claimed = Job.objects.held_by(worker, State.QUEUED).values_list("id", flat=True)
    released = release(list(claimed), worker=worker, now=now, worker_died=True)
    running = Job.objects.held_by(worker, State.RUNNING)
    ended = [
        crash(job, max_crashes=max_crashes, reason=reason, now=now)
        for job in running.select_for_update()
    ]
    crashed = conclude(ended, worker=worker)
    leave(worker)
    return Rescue(released, crashed)


def crash(job: Job, *, max_crashes: int, reason: str, now: datetime) -> Conclusion:
    """How the running `job` goes on after its worker died: once more, later, or never again."""
    count = job.crashes + 1
    poison = count >= max_crashes
    text = f"{reason} It has killed its worker {count} times and is not tried again."
    return Conclusion(
        id=job.id,
        attempt=job.attempt,
        started_at=job.started_at or now,
        finished_at=now,
        outcome=Attempt.Outcome.CRASHED,
        state=State.FAILED if poison else State.SCHEDULED,
        waiting_for=WaitingFor.NOTHING if poison else WaitingFor.CRASH,
        run_at=None if poison else now + timedelta(seconds=backoff(count)),
        problem=Problem(
            type="WorkerLost", message=text if poison else reason, fingerprint="worker-lost"
        ),
        crashed=True,
    )


def backoff(count: int) -> float:
    """Seconds to wait after the `count`th crash."""
    return _BACKOFF[min(count, len(_BACKOFF)) - 1]
