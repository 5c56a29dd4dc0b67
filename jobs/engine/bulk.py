"""Many jobs of one task at once: one message as the pattern, one INSERT for 500 rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from celery import Celery, Task
from celery.utils.saferepr import saferepr
from django.utils import timezone

from jobs.engine.ids import new_id
from jobs.engine.retries.retrying import cap_of
from jobs.engine.submit.submission import Recorder, draft
from jobs.engine.submit.turn_options import turn_of
from jobs.engine.submit.writing import write
from jobs.errors import SubmitError

#: Positional and keyword arguments of one call.
Call = tuple[Sequence[Any], Mapping[str, Any]]

_NOT_UNIQUE = "submit_many makes many jobs; a unique one is submitted by apply_async."


class _Pattern(Recorder):
    """Keeps the first message instead of submitting it."""

    sent: dict[str, Any]

    def publish(self, body: Any, **message: Any) -> None:
        self.sent = {"body": body, **message}


def submit_many(
    task: Task, calls: Iterable[Call], *, ids: Sequence[str] = (), **options: Any
) -> list[str]:
    """Submit a job of `task` for each of `calls`; returns their ids in that order.

    `options` are those of `apply_async`, the same for all. It is one transaction, and much quicker
    than a loop over `.delay()`: the message is built once. `ids` are the jobs' ids, one for each
    call; a job that exists already is left as it is.

    Raises:
        InvalidArguments, MessageTooLarge, SubmitError: nothing was written.
        DatabaseUnavailable: the database does not answer.
    """
    listed = [(list(args), dict(kwargs)) for args, kwargs in calls]
    if not listed:
        return []
    if options.get("unique") or options.get("idempotency_key"):
        raise SubmitError(_NOT_UNIQUE)
    if ids and len(ids) != len(listed):
        raise SubmitError(f"There are {len(ids)} ids for {len(listed)} calls.")
    app: Celery = task.app
    pattern = _Pattern(app)
    ids = ids or [new_id() for _ in listed]
    options = _exec_options(task) | options | {"task_id": ids[0], "producer": pattern}
    Celery.send_task(app, task.name, *listed[0], task_type=task, **options)
    turn = turn_of(task, task.name, pattern.sent["body"], pattern.sent)
    if turn.unique_key:
        raise SubmitError(_NOT_UNIQUE)
    drafts = [
        _draft(app, pattern.sent, id, call, turn.lane) for id, call in zip(ids, listed, strict=True)
    ]
    standing = write(drafts, turn, now=timezone.now())
    return [standing[one.id] for one in drafts]


def _exec_options(task: Task) -> dict[str, Any]:
    return {key: value for key, value in task._get_exec_options().items() if value is not None}


def _draft(app: Celery, sent: Mapping[str, Any], id: str, call: Call, lane: str) -> Any:
    args, kwargs = call
    parent = sent["headers"]["parent_id"]
    headers = sent["headers"] | {
        "id": id,
        "root_id": sent["headers"]["root_id"] if parent else id,
        "argsrepr": saferepr(args, 1024),
        "kwargsrepr": saferepr(kwargs, 1024),
    }
    if lane:
        headers["lane"] = lane
    headers |= cap_of(sent)
    if batch := sent.get("batch"):
        headers["batch"] = str(batch)
    body = (args, kwargs, sent["body"][2])
    return draft(app, sent["routing_key"], headers, body, sent.get("priority"))
