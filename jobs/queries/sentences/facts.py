"""What sentences need to know besides the row. jobs.queries.jobs.facts gathers it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from jobs.models import Lane, Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The world around a job, as far as it says why the job is where it is."""

    #: Workers that are alive, and those of them that listen to the job's queue.
    workers: int = 0
    listeners: int = 0
    #: Places to run in at the listeners (or at the worker that has the job), and those in use.
    slots: int = 0
    busy: int = 0
    #: Jobs of the queue (or of the lane, where it waits for its turn in one) that come before this
    #: one, and whether there are more than were counted.
    ahead: int = 0
    ahead_is_capped: bool = False
    #: The lane that it waits in, and how many of its jobs are on their way.
    lane: Lane | None = None
    taken: int = 0
    #: The pauses that concern it.
    pauses: Sequence[Pause] = ()
    #: The name of the worker that has the job, and how long it has been silent beyond its lease.
    worker: str = ""
    silent: timedelta | None = None
    max_crashes: int = 3
    #: Why its last attempt was followed by another, or by none.
    verdict: str = ""
