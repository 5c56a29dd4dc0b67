"""Submit: from what Celery would publish to a row, in the caller's transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery import Celery
from django.conf import settings
from django.utils import timezone

from jobs.engine import context
from jobs.engine.arguments import check_signature, encode
from jobs.engine.broker.message import TRACKED, moment, pack
from jobs.engine.retries.retrying import allowed_attempts, cap_of
from jobs.engine.submit.turn_options import Turn, key_to_retake, turn_of
from jobs.engine.submit.writing import write
from jobs.errors import MessageTooLarge, SubmitError
from jobs.models.job import DEFAULT_PRIORITY
from jobs.operations.submit import Draft

#: Headers that are ours: they become columns.
_OURS = ("requested_by", "schedule", "tick")


class _NoConnection:
    """What Celery asks of a producer's connection; there is none here."""

    recoverable_connection_errors = recoverable_channel_errors = ()

    @contextmanager
    def _reraise_as_library_errors(self) -> Iterator[None]:
        yield


class Recorder:
    """Stands where Celery expects a producer: what would be published is submitted."""

    connection = _NoConnection()

    def __init__(self, app: Celery) -> None:
        self._app = app
        #: The job that stands for the call: an older one if its unique key was taken.
        self.job_id: str | None = None

    def publish(
        self,
        body: tuple[Any, Mapping[str, Any], Mapping[str, Any]],
        *,
        routing_key: str = "",
        exchange: Any = "",
        headers: dict[str, Any],
        priority: int | None = None,
        **options: Any,
    ) -> None:
        """Submit the call that Celery has made a message of."""
        if exchange:
            raise SubmitError(
                f"{headers['task']} is routed to exchange {exchange!r}. Jobs go straight to a "
                "queue: route it with queue=NAME."
            )
        turn = turn_of(self._app.tasks.get(headers["task"]), headers["task"], body, options)
        if turn.lane:
            headers["lane"] = turn.lane
        headers |= key_to_retake(turn, again=_runs_again(headers["id"])) | cap_of(options)
        if batch := _batch_of(headers["id"], options):
            headers["batch"] = batch
        self._submit(draft(self._app, routing_key, headers, body, priority), turn)

    def revive(self, connection: object) -> None:
        """Celery does this before it publishes a callback once more."""

    def _submit(self, new: Draft, turn: Turn) -> None:
        attempt = context.current()
        if attempt is not None and _runs_again(new.id):
            # self.retry() and self.replace(): the running job itself, to be run again.
            attempt.resubmission = new
            return
        self.job_id = write([new], turn, now=timezone.now())[new.id]


def _runs_again(id: str) -> bool:
    """Whether the call is of the job that makes it: a retry or a replacement."""
    attempt = context.current()
    return attempt is not None and attempt.id == id


def _batch_of(id: str, options: Mapping[str, Any]) -> str:
    """The batch that a call is to be a member of; a job that runs again stays in its own."""
    attempt = context.current()
    if attempt is not None and attempt.id == id:
        return attempt.batch
    return str(options.get("batch") or "")


def draft(
    app: Celery,
    queue: str,
    headers: dict[str, Any],
    body: tuple[Any, Mapping[str, Any], Mapping[str, Any]],
    priority: int | None,
) -> Draft:
    """The job that a Celery message stands for, checked.

    Raises:
        InvalidArguments, MessageTooLarge: see jobs.engine.task.JobTask.apply_async.
    """
    args, kwargs, embed = body
    task = app.tasks.get(headers["task"])
    if task is not None:
        check_signature(task, args, kwargs)
    ours = {name: headers.pop(name, None) for name in _OURS}
    headers[TRACKED] = 1
    text = encode(headers["task"], args, kwargs, embed)
    _check_size(headers["task"], text)
    chord = embed.get("chord")
    return Draft(
        id=headers["id"],
        task=headers["task"],
        queue=queue,
        priority=DEFAULT_PRIORITY if priority is None else min(9, max(0, int(priority))),
        message=pack(headers, text),
        run_at=moment(headers.get("eta")),
        expires_at=moment(headers.get("expires")),
        max_attempts=allowed_attempts(task, headers),
        parent=headers.get("parent_id") or "",
        root=headers.get("root_id") or "",
        group=headers.get("group") or "",
        chord=(headers.get("group") or "") if chord else "",
        schedule=ours["schedule"] or "",
        tick=moment(ours["tick"]),
        requested_by=ours["requested_by"] or "",
        batch=headers.get("batch") or "",
    )


def _check_size(task: str, body: str) -> None:
    if len(body) > settings.HACHI_MAX_MESSAGE_BYTES:
        raise MessageTooLarge(
            f"The arguments of {task} take {len(body):,} bytes; "
            f"{settings.HACHI_MAX_MESSAGE_BYTES:,} are allowed (MAX_MESSAGE_BYTES). "
            "Store the data and pass its key."
        )
