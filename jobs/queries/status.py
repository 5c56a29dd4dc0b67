"""One job, one picture, the tokens: what the API and the command line show."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from jobs.errors import JobNotFound, WorkError
from jobs.models import Job, Picture, Rendition, Token
from jobs.states import State


class PictureNotFound(WorkError):
    """No picture has this id."""


def find_job(job_id: str) -> Job:
    """The job with this id, without its message. Raises JobNotFound."""
    # PostgreSQL takes no NUL, so no job has one in its id.
    found = "\0" not in job_id and Job.objects.defer("message").filter(pk=job_id).first()
    if not found:
        raise JobNotFound(f"No job has the id {job_id[:100]!r}. Finished jobs are deleted in time.")
    return found


def result_of(job: Job) -> Any:
    """What the task returned, as plain JSON: dates, decimals and UUIDs are text.

    The row keeps them in kombu's envelopes, which Python alone reads.
    """
    # Of a failure, Celery's form of the exception stands there.
    if job.state != State.SUCCEEDED or not job.result:
        return None
    try:
        # NaN and Infinity are no JSON either: most readers refuse the whole answer.
        return json.loads(job.result, object_hook=_unwrapped, parse_constant=str)
    except (ValueError, RecursionError):
        return job.result


def _unwrapped(value: dict[str, Any]) -> Any:
    if value.keys() != {"__type__", "__value__"}:
        return value
    inner = value["__value__"]
    if value["__type__"] == "uuid" and isinstance(inner, dict):
        return str(UUID(hex=inner["hex"]))
    return inner


def find_picture(picture_id: str | UUID) -> Picture:
    """The picture with this id and its renditions. Raises PictureNotFound."""
    try:
        key = picture_id if isinstance(picture_id, UUID) else UUID(picture_id)
        return Picture.objects.prefetch_related("renditions").get(pk=key)
    except (Picture.DoesNotExist, ValueError, AttributeError, TypeError):
        raise PictureNotFound(f"No picture has the id {str(picture_id)[:50]!r}.") from None


def find_rendition(picture_id: UUID, size: str) -> Rendition:
    """A picture in one of the sizes that it exists in. Raises PictureNotFound."""
    text = size.replace("\0", "")
    found = Rendition.objects.filter(picture=picture_id, size=text).first()
    if found is None:
        raise PictureNotFound(f"There is no such picture in the size {text[:50]!r}.")
    return found


def all_tokens() -> Sequence[Token]:
    """Every token that was ever made, by name."""
    return list(Token.objects.order_by("name"))
