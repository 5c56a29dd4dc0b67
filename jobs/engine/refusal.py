"""Messages that can never run become failed rows that a person can read."""

import logging
from typing import Any

from django.db import DatabaseError
from django.utils import timezone
from kombu.utils.json import dumps

from jobs.engine.failures import never_run
from jobs.engine.ids import new_id
from jobs.models import Job
from jobs.operations.conclude import Problem, record_failures, refuse_queued

logger = logging.getLogger(__name__)

_LONGEST = 100_000


def refuse(message: Any, error_type: str, text: str) -> None:
    """Fail the row of `message`, or write one for it. Never raises: the worker must live on."""
    headers = message.headers if isinstance(message.headers, dict) else {}
    id = headers.get("id")
    id = id if isinstance(id, str) and 0 < len(id) <= 255 else new_id()
    problem = Problem(error_type, text)
    try:
        if not refuse_queued(id, problem, now=timezone.now()):
            record_failures([_row(id, headers, message, problem)])
    except DatabaseError:
        logger.exception("A refused message could not be kept: %r", headers)


def _row(id: str, headers: dict[str, Any], message: Any, problem: Problem) -> Job:
    body = message.body if isinstance(message.body, str) else repr(message.body)
    return never_run(
        id,
        str(headers.get("task") or "unknown"),
        problem,
        queue=str((message.delivery_info or {}).get("routing_key") or ""),
        message=_text({"headers": headers, "body": body[:_LONGEST]}),
    )


def _text(content: dict[str, Any]) -> str:
    try:
        return str(dumps(content))
    except (TypeError, ValueError):
        return str(dumps({"headers": {}, "body": repr(content)[:_LONGEST]}))
