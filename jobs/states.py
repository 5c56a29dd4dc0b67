"""The six states of a job, and what a scheduled job waits for. No I/O.

docs/job-lifecycle.md draws them; tests/repository compares the page with `TRANSITIONS`.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a job is in its life. Celery's names for these are in `CELERY_STATES`."""

    #: Not yet eligible: its time has not come, or it waits for a retry. `waiting_for` says which.
    SCHEDULED = "scheduled"
    #: Eligible and published. With `worker` empty nobody has it; with `worker` set it is claimed.
    QUEUED = "queued"
    #: A worker process has begun this attempt.
    RUNNING = "running"
    #: Final: the task returned.
    SUCCEEDED = "succeeded"
    #: Final: retries used up, not retryable, or it kept killing its workers.
    FAILED = "failed"
    #: Final: a person, an expiry or the task itself gave it up.
    CANCELLED = "cancelled"


class WaitingFor(StrEnum):
    """Why a scheduled job is not queued yet: the page turns this into a sentence."""

    NOTHING = ""
    TIME = "time"
    RETRY = "retry"
    CRASH = "crash"
    LANE = "lane"
    RATE = "rate"
    PAUSE = "pause"
    SUCCESSOR = "successor"


FINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})
UNFINISHED = frozenset(State) - FINAL

#: Every change that an operation may make, as (from, to); None is "no row yet".
TRANSITIONS: frozenset[tuple[State | None, State]] = frozenset(
    {
        (None, State.SCHEDULED),  # submit with a delay, or into a lane
        (None, State.QUEUED),  # submit, or adopt a message that had no row
        (None, State.FAILED),  # record: a message or chain step that can never run
        (State.SCHEDULED, State.QUEUED),  # publish: its time has come
        (State.SCHEDULED, State.CANCELLED),  # cancel
        (State.SCHEDULED, State.FAILED),  # what replaced it failed
        (State.QUEUED, State.RUNNING),  # start
        (State.QUEUED, State.CANCELLED),  # cancel, expire
        (State.QUEUED, State.FAILED),  # refused by the worker before it ran
        (State.QUEUED, State.SUCCEEDED),  # finish: start and finish written in one batch
        (State.QUEUED, State.SCHEDULED),  # the same for a retry; pause
        (State.RUNNING, State.SUCCEEDED),  # finish
        (State.RUNNING, State.FAILED),  # fail
        (State.RUNNING, State.CANCELLED),  # cancel
        (State.RUNNING, State.SCHEDULED),  # retry, or rescue after a crash
        (State.RUNNING, State.QUEUED),  # rescue: interrupted by a deploy
        (State.FAILED, State.QUEUED),  # retry by a person
        (State.CANCELLED, State.QUEUED),  # retry by a person
        (State.SUCCEEDED, State.QUEUED),  # run again by a person
        (State.FAILED, State.SCHEDULED),  # the same into a lane
        (State.CANCELLED, State.SCHEDULED),
        (State.SUCCEEDED, State.SCHEDULED),
    }
)

#: What `AsyncResult.state` says.
CELERY_STATES = {
    State.SCHEDULED: "PENDING",
    State.QUEUED: "PENDING",
    State.RUNNING: "STARTED",
    State.SUCCEEDED: "SUCCESS",
    State.FAILED: "FAILURE",
    State.CANCELLED: "REVOKED",
}
