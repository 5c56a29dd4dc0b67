"""Retry by a person: a finished job goes back into the queue."""

import json
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from jobs.models import Job
from jobs.operations.batches import reopen
from jobs.states import FINAL, State, WaitingFor


@transaction.atomic
def retry(ids: Collection[str], *, by: str, now: datetime) -> list[Job]:
    """Queue those of `ids` that are finished and have a message to run, with all retries to come.

    Returns the rows: the queued ones are to be published, those of lanes wait to be admitted.

    What happened before stays: attempts go on counting, and their rows and log lines are kept.
    """
    finished = Job.objects.select_for_update().filter(id__in=ids, state__in=FINAL)
    jobs = [job for job in finished if _can_run(job.message)]
    if batches := {job.batch_id for job in jobs if job.batch_id}:
        reopen(batches)
    _clear_the_way(jobs)
    for job in jobs:
        job.message = _from_the_start(job.message)
        # A job of a lane takes its turn again, at the place that its age gives it.
        job.state = State.SCHEDULED if job.lane else State.QUEUED
        job.waiting_for = WaitingFor.LANE if job.lane else WaitingFor.NOTHING
        job.in_turn = False
        job.worker = job.result = job.error_type = job.error_message = job.error_fingerprint = ""
        job.run_at = job.published_at = now
        job.claimed_at = job.started_at = job.finished_at = None
        job.cancel_requested_at = job.expires_at = None
        job.crashes = 0
        job.requested_by = by[:150] or job.requested_by
        # Its chord has counted it already.
        job.chord = ""
    Job.objects.bulk_update(jobs, _FIELDS, batch_size=200)
    return jobs


_FIELDS = [
    "message",
    "state",
    "waiting_for",
    "in_turn",
    "worker",
    "result",
    "error_type",
    "error_message",
    "error_fingerprint",
    "run_at",
    "published_at",
    "claimed_at",
    "started_at",
    "finished_at",
    "cancel_requested_at",
    "expires_at",
    "crashes",
    "requested_by",
    "chord",
]


def _can_run(message: str) -> bool:
    """Whether there is anything to run: the rest of a broken chain and garbage have no message."""
    content = json.loads(message)
    whole = content.get("content-type", "application/json") is not None
    return whole and bool(content.get("headers", {}).get("task"))


def _clear_the_way(jobs: Collection[Job]) -> None:
    """Take away the rows of chain steps that never ran: they will be submitted again."""
    steps = [step for job in jobs for step in _chained(job.message)]
    Job.objects.filter(id__in=steps, state=State.FAILED, error_type="UpstreamFailed").delete()


def _chained(message: str) -> list[str]:
    try:
        _, _, embed = json.loads(json.loads(message)["body"])
        return [step["options"]["task_id"] for step in embed.get("chain") or []]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []  # not a body of ours: it has no chain


def _from_the_start(message: str) -> str:
    """The message with Celery's count of retries and its expiry taken back."""
    content = json.loads(message)
    content["headers"] |= {"retries": 0, "expires": None}
    return json.dumps(content)
