"""Messages that can never run become failed rows that a person can read."""

import logging
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone
from kombu.utils.json import dumps

from jobs.engine.broker.message import weight
from jobs.engine.ends.failures import never_run
from jobs.engine.ends.turns import after_loss
from jobs.engine.ids import new_id
from jobs.engine.session import is_away
from jobs.engine.worker.vetting import is_id
from jobs.errors import MessageTooLarge
from jobs.models import Job
from jobs.operations.conclude import Problem, record_failures, refuse_queued

logger = logging.getLogger(__name__)

_LONGEST = 100_000


def is_too_large(message: Any) -> bool:
    """Whether it has more than MAX_MESSAGE_BYTES."""
    return weight(message) > settings.HACHI_MAX_MESSAGE_BYTES


def refuse(message: Any, error_type: str, text: str) -> None:
    """Fail the row of `message`, or write one for it.

    Raises:
        django.db.OperationalError, InterfaceError: the database is away; call it again.
    """
    headers = message.headers if isinstance(message.headers, dict) else {}
    id = headers.get("id")
    id = id if is_id(id) else new_id()
    if large := is_too_large(message):
        error_type, text = MessageTooLarge.__name__, _too_large(message)
    problem = Problem(error_type, text)
    try:
        with transaction.atomic():
            if refuse_queued(id, problem, now=timezone.now()):
                after_loss(current_app, [id], now=timezone.now())
            else:
                content = "" if large else _content(headers, message)
                record_failures([_row(id, headers, message, problem, content)])
    except (DatabaseError, InterfaceError) as error:
        if is_away(error):
            raise
        logger.exception("A refused message could not be kept: %r", headers)


def _too_large(message: Any) -> str:
    return (
        f"Its message has {weight(message):,} bytes and MAX_MESSAGE_BYTES allows "
        f"{settings.HACHI_MAX_MESSAGE_BYTES:,}. What it carried is not kept."
    )


def _row(id: str, headers: dict[str, Any], message: Any, problem: Problem, content: str) -> Job:
    delivery = message.delivery_info if isinstance(message.delivery_info, dict) else {}
    return never_run(
        id,
        str(headers.get("task") or "unknown"),
        problem,
        queue=str(delivery.get("routing_key") or ""),
        message=content,
    )


def _content(headers: dict[str, Any], message: Any) -> str:
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
    return _text(content)


def _text(content: dict[str, Any]) -> str:
    try:
        return str(dumps(content))
    except (TypeError, ValueError):
        return str(dumps({"headers": {}, "body": repr(content)[:_LONGEST]}))
