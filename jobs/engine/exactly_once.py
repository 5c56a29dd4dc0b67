"""Database effects exactly once: a task's own writes and its job's finish commit together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import current_app, current_task, signature
from django.db import transaction
from django.utils import timezone
from kombu.utils.json import dumps

from jobs.engine import context
from jobs.engine.ends.turns import after_end
from jobs.errors import ClaimLost
from jobs.operations.finish import Success, succeed


@dataclass(slots=True)
class Finish:
    """What the job is to return; set it inside the block."""

    result: Any = None


@contextmanager
def job_transaction() -> Iterator[Finish]:
    """A transaction that also finishes the running job. Make it the last thing that a task does.

        with job_transaction() as finish:
            Account.objects.filter(pk=account).update(balance=F("balance") - amount)
            finish.result = amount

    Either both are committed or neither is: a job that runs again, because its worker died, finds
    its own writes undone, and one whose writes are committed does not run again. What follows the
    job, the next step of its chain and its `link` callbacks, is submitted in the same transaction
    and gets `finish.result`.

    Raises:
        jobs.errors.ClaimLost: the job runs elsewhere by now; everything is rolled back.
    """
    finish = Finish()
    attempt = context.current()
    with transaction.atomic():
        yield finish
        if attempt is None:
            return  # outside of a job (tests that call the function) it is a plain transaction
        now = timezone.now()
        success = Success(
            attempt.id, attempt.number, attempt.report.started_at, now, dumps(finish.result)
        )
        ended = succeed([success], worker=attempt.worker)
        if not ended:
            raise ClaimLost
        after_end(current_app, ended, now=now)
        _submit_what_follows(finish.result)
    # Celery's tracer would submit it again.
    current_task.request.callbacks = current_task.request.chain = None


def _submit_what_follows(result: Any) -> None:
    """What Celery's tracer does when the task has returned: the process may not live to see it."""
    request = current_task.request
    inherits = current_app.conf.task_inherit_parent_priority
    options = {
        "parent_id": request.id,
        "root_id": request.root_id or request.id,
        "priority": request.delivery_info.get("priority") if inherits else None,
    }
    for callback in request.callbacks or ():
        signature(callback, app=current_app).apply_async((result,), **options)
    if request.chain:
        *rest, step = request.chain  # the last is next
        signature(step, app=current_app).apply_async((result,), chain=rest, **options)
