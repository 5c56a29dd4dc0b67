"""Why a job is where it is, in one sentence of plain English. Pure: a row, facts, a moment."""

from collections.abc import Callable
from datetime import datetime

from jobs.models import Job
from jobs.queries.sentences.facts import Facts
from jobs.queries.sentences.notes import took
from jobs.queries.sentences.spans import ago, clock, count_of, spell, until, whole
from jobs.queries.sentences.turns import at_the_rate, held, held_later, in_line
from jobs.states import State, WaitingFor

_NO_WORKER = "no worker is running at all. Start one: celery -A config worker"


def why(job: Job, facts: Facts, now: datetime) -> str:
    """Why the job waits, what it does, or how it ended."""
    return _WHY[State(job.state)](job, facts, now)


def _scheduled(job: Job, facts: Facts, now: datetime) -> str:
    if job.waiting_for == WaitingFor.PAUSE:
        return held(job, facts.pauses, now)
    if job.waiting_for == WaitingFor.SUCCESSOR:
        text = "Replaced itself by other jobs and waits for the last of them."
    elif job.waiting_for == WaitingFor.LANE:
        text = in_line(job, facts) + held_later(facts.pauses, now)
    elif job.waiting_for == WaitingFor.RATE:
        text = at_the_rate(job, facts, now) + held_later(facts.pauses, now)
    else:
        return _timed(job, facts, now)
    return text if facts.workers else f"{text} But {_NO_WORKER}"


def _timed(job: Job, facts: Facts, now: datetime) -> str:
    if job.run_at <= now:
        if facts.pauses:
            return held(job, facts.pauses, now)
        if not facts.workers:
            return f"Due for {ago(job.run_at, now)}, but {_NO_WORKER}"
        return f"Due for {ago(job.run_at, now)}: it goes into queue {job.queue} in a moment."
    left = until(job.run_at, now)
    if job.waiting_for == WaitingFor.RETRY:
        error = job.error_type or "an error"
        text = f"Will be tried again in {left}: {_attempt(job)} failed with {error}."
        text += f" {facts.verdict}" if facts.verdict else ""
    elif job.waiting_for == WaitingFor.CRASH:
        text = (
            f"Will be tried again in {left}: its worker died while it ran "
            f"(crash {job.crashes} of {facts.max_crashes})."
        )
    else:
        at = clock(job.run_at, now)
        text = f"Waits until {at} (in {left}): it was submitted with a delay."
    text += held_later(facts.pauses, now)
    return text if facts.workers else f"{text} But {_NO_WORKER}"


def _queued(job: Job, facts: Facts, now: datetime) -> str:
    if job.worker:
        return _claimed(job, facts, now)
    if facts.pauses:
        return held(job, facts.pauses, now)
    ready = f"Ready for {ago(job.run_at, now)}"
    if not facts.workers:
        return f"{ready}, but {_NO_WORKER}"
    if not facts.listeners:
        return (
            f"{ready}, but no worker is listening to queue {job.queue}. "
            f"Start one: celery -A config worker -Q {job.queue}"
        )
    if facts.ahead:
        number = count_of(facts.ahead, "job")
        more = "more than " if facts.ahead_is_capped else ""
        place = f"{more}{number} {'is' if facts.ahead == 1 else 'are'} ahead of it"
        text = f"{ready}: {place} in queue {job.queue}; {_slots(facts)}."
    else:
        text = f"{ready}: it is next in queue {job.queue}; {_slots(facts)}."
    if job.expires_at:
        text += f" It is given up if it has not started by {clock(job.expires_at, now)}."
    return text


def _claimed(job: Job, facts: Facts, now: datetime) -> str:
    worker = facts.worker or job.worker
    if facts.silent is not None:
        return (
            f"Claimed by worker {worker}, which has been silent for "
            f"{spell(whole(facts.silent))}: another worker takes it over shortly."
        )
    if job.cancel_requested_at:
        return f"Cancel was asked {ago(job.cancel_requested_at, now)} ago; it will not be started."
    since = ago(job.claimed_at or job.run_at, now)
    return f"Claimed by worker {worker} {since} ago; it starts there next: {_slots(facts)}."


def _running(job: Job, facts: Facts, now: datetime) -> str:
    if facts.silent is not None:
        return (
            f"It was running on worker {facts.worker or job.worker}, which has been silent for "
            f"{spell(whole(facts.silent))}: if that worker is dead, the job is tried again."
        )
    if job.cancel_requested_at:
        asked = ago(job.cancel_requested_at, now)
        return f"Cancel was asked {asked} ago; waiting for the task to stop."
    since = ago(job.started_at or now, now)
    return f"Running for {since} on worker {facts.worker or job.worker}, {_attempt(job)}."


def _succeeded(job: Job, facts: Facts, now: datetime) -> str:
    again = f", on attempt {job.attempt}" if job.attempt > 1 else ""
    return f"Succeeded after {took(job)}{again}."


def _failed(job: Job, facts: Facts, now: datetime) -> str:
    reason = _reason(job)
    if not job.started_at:
        return f"Failed before it ran. {reason}"
    if job.crashes and job.crashes >= facts.max_crashes:
        return f"Failed for good: it lost {count_of(job.crashes, 'worker')}. {reason}"
    text = f"Failed after {took(job)}, on {_attempt(job)}. {reason}"
    return f"{_stop(text)} {facts.verdict}" if facts.verdict else text


def _cancelled(job: Job, facts: Facts, now: datetime) -> str:
    when = f"after {took(job)}" if job.started_at else "before it ran"
    reason = job.error_message.strip().rstrip(".")
    if not reason:
        return f"Cancelled {when}."
    if reason.startswith(("Cancelled", "Expired")):  # it begins as this sentence would
        return f"{reason}, {when}." if job.error_type != "Expired" else f"{reason}."
    return f"Cancelled {when}: {reason}."


def _reason(job: Job) -> str:
    first = job.error_message.strip().partition("\n")[0][:200]
    return f"{job.error_type}: {first}" if first else f"{job.error_type}."


def _stop(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _attempt(job: Job) -> str:
    # A person may have asked for more attempts than the task allows itself.
    if job.max_attempts and job.attempt <= job.max_attempts and job.max_attempts > 1:
        return f"attempt {job.attempt} of {job.max_attempts}"
    return f"attempt {job.attempt}"


def _slots(facts: Facts) -> str:
    if not facts.slots:
        return "a worker is listening"
    if facts.busy < facts.slots:
        return f"{facts.slots - facts.busy} of {count_of(facts.slots, 'slot')} free"
    verb = "is" if facts.slots == 1 else "are"
    return f"{min(facts.busy, facts.slots)} of {count_of(facts.slots, 'slot')} {verb} busy"


_WHY: dict[State, Callable[[Job, Facts, datetime], str]] = {
    State.SCHEDULED: _scheduled,
    State.QUEUED: _queued,
    State.RUNNING: _running,
    State.SUCCEEDED: _succeeded,
    State.FAILED: _failed,
    State.CANCELLED: _cancelled,
}
