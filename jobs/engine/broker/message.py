"""Celery's message as it is kept on the row, and the envelope in which Redis carries it.

The row keeps headers and body; the envelope adds what differs from one publish to the next. Both
are kombu's own format (message protocol 2, virtual transport), so a plain Celery worker could read
them: tests/acceptance/test_celery_contract.py lets one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from kombu.utils.json import dumps, loads

from jobs.models import Job
from jobs.models.job import DEFAULT_PRIORITY
from jobs.operations.submit import Ready

#: Between a queue's name and a priority in the name of a list in Redis: kombu's default.
SEPARATOR = "\x06\x16"
#: A header that says that a row was written. Without it, a message that has no row is adopted.
TRACKED = "hachi"


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message on its way to a list in Redis."""

    key: str
    content: str


def bell(queue: str, priority: int) -> str:
    """The list in Redis of a queue and a priority.

    Jobs of normal priority, and those of clients that know no priorities, share the bare name.
    """
    if priority == DEFAULT_PRIORITY:
        return queue
    return f"{queue}{SEPARATOR}{priority}"


def pack(headers: dict[str, Any], body: str) -> str:
    """What the row keeps: JSON text of headers and body."""
    return str(
        dumps(
            {
                "body": body,
                "content-encoding": "utf-8",
                "content-type": "application/json",
                "headers": headers,
            }
        )
    )


def weight(message: Any) -> int:
    """How large a message from Redis is: the length of its body and of its headers as text."""
    return len(message.body or "") + len(repr(message.headers))


def unpack(message: str) -> tuple[dict[str, Any], str]:
    """Headers and body of what the row keeps."""
    content = loads(message)
    return content["headers"], content["body"]


def retried(message: str) -> str:
    """What the row keeps, for one attempt more."""
    content = loads(message)
    content["headers"]["retries"] = int(content["headers"].get("retries") or 0) + 1
    return str(dumps(content))


def envelope(job: Job | Ready) -> Envelope:
    """The job's message, ready to be published at `job.published_at`."""
    published = job.published_at.timestamp() if job.published_at else 0
    properties = {
        "correlation_id": job.id,
        "reply_to": "",
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": job.queue},
        "priority": job.priority,
        "delivery_tag": str(uuid4()),
        "published": published,
    }
    content = f'{job.message[:-1]}, "properties": {dumps(properties)}}}'
    return Envelope(bell(job.queue, job.priority), content)


def moment(value: str | datetime | None) -> datetime | None:
    """A time in a header (eta, expires); one without a zone is UTC, as Celery takes it."""
    if not value:
        return None
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def published_at(content: dict[str, Any]) -> datetime | None:
    """When an envelope was published, or None if a plain Celery client made it."""
    moment = content.get("properties", {}).get("published")
    return datetime.fromtimestamp(moment).astimezone() if moment else None
