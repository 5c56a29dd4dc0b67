"""Chords on rows: the jobs of the header count down, the last one's end submits the body."""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

from celery import Celery
from celery.canvas import maybe_signature
from celery.exceptions import ChordError, TimeoutError
from celery.result import GroupResult, allow_join_result, result_from_tuple
from celery.states import READY_STATES
from django.db import transaction
from kombu.utils.json import dumps, loads

from jobs.engine import context
from jobs.errors import DatabaseUnavailable, SubmitError
from jobs.models import Chord, Job
from jobs.operations.chords import count_ended, open_chord
from jobs.operations.chords import set_size as note_size


def begin(header: GroupResult, body: Any, *, now: datetime) -> None:
    """Write the chord; the jobs of its header are submitted next."""
    open_chord(header.id, header=dumps(header.as_tuple()), body=dumps(dict(body)), now=now)


@transaction.atomic
def set_size(app: Celery, id: str, size: int, *, now: datetime) -> None:
    """Say how many jobs it waits for; they may all have ended by now."""
    chord = note_size(id, size, now=now)
    if chord is not None:
        submit_body(app, chord)


def end_of(app: Celery, job_ids: Collection[str], *, now: datetime) -> None:
    """Count jobs that ended in this transaction, and submit the bodies that are due by it."""
    for chord in count_ended(job_ids, now=now):
        submit_body(app, chord)


def submit_body(app: Celery, chord: Chord) -> None:
    """Submit the body with the header's results, or fail it if one of them failed."""
    header = result_from_tuple(loads(chord.header), app=app)
    body = maybe_signature(loads(chord.body), app=app)
    try:
        with allow_join_result():
            results = header.join_native(timeout=0, propagate=True)
    except Exception as error:  # noqa: BLE001 - whatever the header's jobs raised
        members = Job.objects.filter(id__in=[member.id for member in header.results or ()])
        failed = members.filter(chord=chord.id, state__in=("failed", "cancelled")).first()
        reason = f"Dependency {failed.id if failed else '?'} raised {error!r}"
        app.backend.chord_error_from_stack(body, ChordError(reason))
    else:
        _submit(app, body, results)


def _submit(app: Celery, body: Any, results: Any) -> None:
    try:
        # The last of its header has only just ended, so that the batch of both is still at work.
        with context.carrying_on(body.options.get("batch") or ""):
            body.delay(results)
    except DatabaseUnavailable:
        raise
    except SubmitError as error:
        # Too large, or no arguments of the body: the chord fails, not the worker.
        app.backend.chord_error_from_stack(body, ChordError(f"The body was refused: {error}"))


def wait_for_many(
    ids: list[str],
    timeout: float | None,
    interval: float,
    meta_of: Callable[[Job], dict[str, Any]],
    *,
    on_message: Callable[[dict[str, Any]], None] | None = None,
    on_interval: Callable[[], None] | None = None,
    **_: Any,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (id, meta) of each job as it ends, with one query a round.

    Raises:
        celery.exceptions.TimeoutError: some have not ended after `timeout` seconds.
    """
    missing = set(ids)
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        for job in Job.objects.filter(id__in=missing, finished_at__isnull=False):
            meta = meta_of(job)
            if meta["status"] in READY_STATES:
                missing.discard(job.id)
                if on_message is not None:
                    on_message(meta)
                yield job.id, meta
        if not missing:
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError("The operation timed out.")
        if on_interval is not None:
            on_interval()
        time.sleep(interval)
