"""Messages that can never run become failed rows that a person can read."""

import logging
from typing import Any

from celery import current_app
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from kombu.utils.json import dumps

from jobs.engine.failures import never_run
from jobs.engine.ids import new_id
from jobs.engine.turns import after_end
from jobs.models import Job
from jobs.operations.conclude import Problem, record_failures, refuse_queued

logger = logging.getLogger(__name__)

_LONGEST = 100_000


def refuse(message: Any, error_type: str, text: str) -> None:
    """Fail the row of `message`, or write one for it.

    Raises:
        django.db.OperationalError, InterfaceError: the database is away; call it again.
    """
    headers = message.headers if isinstance(message.headers, dict) else {}
    id = headers.get("id")
    id = id if isinstance(id, str) and 0 < len(id) <= 255 else new_id()
    problem = Problem(error_type, text)
    try:
        with transaction.atomic():
            if refuse_queued(id, problem, now=timezone.now()):
                after_end(current_app, [id], now=timezone.now())
            else:
                record_failures([_row(id, headers, message, problem)])
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError:
        logger.exception("A refused message could not be kept: %r", headers)


def _row(id: str, headers: dict[str, Any], message: Any, problem: Problem) -> Job:
    body = message.body
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    body = body if isinstance(body, str) else repr(body)
    content = {
        # A task that this worker does not know may be known after the next deploy: keep it whole.
        "body": body[:_LONGEST],
        "content-encoding": message.content_encoding,
        "content-type": message.content_type if len(body) <= _LONGEST else None,
        "headers": headers,
    }
    return never_run(
        id,
        str(headers.get("task") or "unknown"),
        problem,
        queue=str((message.delivery_info or {}).get("routing_key") or ""),
        message=_text(content),
    )


def _text(content: dict[str, Any]) -> str:
    try:
        return str(dumps(content))
    except (TypeError, ValueError):
        return str(dumps({"headers": {}, "body": repr(content)[:_LONGEST]}))
