"""Batches, for people who write tasks: jobs that are counted, cancelled and followed as one.

    with batch("Import", on_finish=tell.s()) as imports:
        imports.submit_many(load, [((row,), {}) for row in rows])
        imports.submit(chain(index.si(), publish.si()))

    map_task(resize, picture_ids, name="All pictures", on_success=announce.si())

A task is in a batch if it was submitted to it: by the handle, or with `batch=ID` among the options
of `apply_async`. What a member submits by itself is in no batch, unless it says so
(`current_batch()`); its retries, and the chain or chord that it replaces itself by, stay members.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from celery import Task, current_app
from celery.canvas import Signature, _chain, chord, group
from django.db import transaction
from django.utils import timezone
from kombu.utils.json import dumps

from jobs.engine import context
from jobs.engine.arguments import check_signature
from jobs.engine.bulk import Call, submit_many
from jobs.engine.ids import new_id
from jobs.errors import SubmitError
from jobs.operations import batches

#: Jobs that `map_task` submits in one transaction.
SLICE = 1_000


@dataclass(frozen=True, slots=True)
class BatchHandle:
    """A batch to add jobs to."""

    id: str
    #: Who asked for it; its members say the same.
    requested_by: str = ""

    def submit(self, call: Signature, **options: Any) -> Any:
        """Submit a signature, or a whole canvas every task of which becomes a member.

        Returns Celery's result. Of a chain, a step counts from when it is submitted.

        Raises:
            jobs.errors.BatchClosed: it takes no more jobs.
            jobs.errors.SubmitError: see JobTask.apply_async.
        """
        member = call.clone()
        _enrol(member, self.id)
        return member.apply_async(**self._options(options))

    def submit_many(self, task: Task, calls: Iterable[Call], **options: Any) -> list[str]:
        """Submit many jobs of one task; see jobs.engine.bulk.submit_many. Raises BatchClosed."""
        return submit_many(task, calls, batch=self.id, **self._options(options))

    def close(self) -> None:
        """No more jobs come but from members; once all have ended, so has the batch."""
        batches.close(self.id, now=timezone.now())

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        if not self.requested_by:
            return options
        headers = {"requested_by": self.requested_by} | (options.get("headers") or {})
        return options | {"headers": headers}


def open_batch(
    name: str = "",
    *,
    on_finish: Signature | None = None,
    on_success: Signature | None = None,
    on_failure: Signature | None = None,
    requested_by: str = "",
    idempotency_key: str = "",
) -> BatchHandle:
    """Make a batch that stays open until somebody closes it.

    The callbacks are jobs of their own, submitted once in the life of the batch: `on_finish` when
    all members have ended for the first time, `on_success` when all of them have succeeded, be it
    after a retry by a person, and `on_failure` when all have ended and some did not succeed. Each
    is called with {"id", "name", "total", "succeeded", "failed", "cancelled"}, unless its signature
    is immutable (`.si()`). A second batch with the same `idempotency_key` is the first.

    Raises:
        InvalidArguments, SubmitError: a callback is no task, or does not take that argument.
    """
    given = {"finish": on_finish, "success": on_success, "failure": on_failure}
    callbacks = {event: _callback(call) for event, call in given.items() if call is not None}
    id = batches.open_batch(
        new_id(),
        name=name,
        requested_by=requested_by,
        idempotency_key=str(idempotency_key),
        callbacks=callbacks,
        now=timezone.now(),
    )
    return BatchHandle(id, requested_by)


@contextmanager
def batch(name: str = "", **options: Any) -> Iterator[BatchHandle]:
    """A batch that is closed at the end of the block; `options` are those of `open_batch`.

    The block is one transaction: batch, jobs and callbacks exist if it ends without an error. For
    a long one, on SQLite above all, use `open_batch`, or `map_task`.
    """
    with transaction.atomic():
        handle = open_batch(name, **options)
        yield handle
        handle.close()


def current_batch() -> BatchHandle | None:
    """The batch of the job that is running here, to add jobs to; None if it has none."""
    attempt = context.current()
    return BatchHandle(attempt.batch) if attempt and attempt.batch else None


def map_task(
    task: Task, inputs: Iterable[Any], *, name: str = "", slice_: int = SLICE, **options: Any
) -> BatchHandle:
    """A batch with one job of `task` for each of `inputs`, which is its only argument.

    `inputs` may be a generator of any length: `slice_` jobs are submitted in a transaction, and no
    more than that is in memory. With an `idempotency_key`, a second call with the same inputs
    submits just what the first had not come to, so that a task that maps may be killed and run
    again: use the id of its own job. `options` are those of `open_batch`, and of `apply_async`.

    Raises:
        jobs.errors.SubmitError: see `open_batch` and JobTask.apply_async. What was submitted
            before stays, and the batch stays open.
    """
    calls = (_call(one) for one in inputs)
    return map_calls(task, calls, name=name or task.name, slice_=slice_, **options)


def map_calls(
    task: Task, calls: Iterable[Call], *, name: str = "", slice_: int = SLICE, **options: Any
) -> BatchHandle:
    """`map_task` for calls of several arguments: pairs of a tuple and a dictionary."""
    ours = {key: options.pop(key) for key in _OF_A_BATCH & options.keys()}
    handle = open_batch(name or task.name, **ours)
    if not batches.is_open(handle.id):
        return handle  # an earlier call with this key came to its end
    rest, number = iter(calls), 0
    while some := list(islice(rest, slice_)):
        ids = [member_id(handle.id, number + offset) for offset in range(len(some))]
        handle.submit_many(task, some, ids=ids, **options)
        number += len(some)
    handle.close()
    return handle


def _call(argument: Any) -> Call:
    return (argument,), {}


def member_id(batch: str, number: int) -> str:
    """The id of the job for input `number` of a mapped batch, counted from 0."""
    return f"{batch}-{number:08d}"


_CANVAS = (_chain, group, chord)
_OF_A_BATCH = {"on_finish", "on_success", "on_failure", "requested_by", "idempotency_key"}


def _enrol(call: Signature, batch: str) -> None:
    """Make every task of a canvas a member."""
    if not isinstance(call, _CANVAS):
        call.set(batch=batch)
        return
    for one in call.tasks:
        _enrol(one, batch)
    if isinstance(call, chord) and call.body is not None:
        _enrol(call.body, batch)


def _callback(call: Signature) -> str:
    """A callback as it is kept, checked as if it were submitted now."""
    task = current_app.tasks.get(call.task)
    if task is None or isinstance(call, _CANVAS):
        raise SubmitError(f"A callback is one task, and {call.task} is none that is known here.")
    args = call.args if call.immutable else ({}, *call.args)
    check_signature(task, args, call.kwargs)
    return str(dumps(dict(call)))
