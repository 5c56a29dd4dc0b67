"""Resize uploaded pictures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from celery import shared_task
from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from jobs.engine.context import check_cancelled, progress
from jobs.models import Picture
from jobs.models import Rendition as StoredRendition
from jobs.operations import pictures
from jobs.queries.status import find_picture
from jobs.tasks.bounds import bounded_memory
from jobs.work import images


@shared_task(
    name="jobs.resize_image",
    public=True,
    soft_time_limit=60,
    time_limit=90,
    # Storage may be away for a moment. What is wrong with a picture stays wrong: no retry.
    autoretry_for=(OSError,),
    retry_backoff=True,
    retry_jitter=True,
    max_retries=3,
)
def resize_image(picture_id: str, sizes: list[str] | None = None) -> dict[str, Any]:
    """Make a picture smaller, once for each of `sizes` ("640x480"; that one if none is given)."""
    picture = find_picture(picture_id)
    boxes = images.parse_sizes(",".join(sizes)) if sizes else (images.DEFAULT_SIZE,)
    with picture.file.open("rb") as file:
        data = file.read()
    limits = images.Limits(size_bytes=settings.HACHI_UPLOAD_MAX_BYTES)
    info = images.inspect(data, limits)
    progress(0, len(boxes))
    with bounded_memory():
        rendered = images.render(data, boxes, limits=limits, progress=_report)
    stored = pictures.save_renditions(picture, info, rendered, now=timezone.now())
    return {"picture": str(picture.pk), "renditions": [_described(row) for row in stored]}


def submit_upload(
    file: "File[bytes]", sizes: Sequence[images.Size] = (), *, by: str, now: datetime
) -> Picture:
    """Store an upload and submit its job, both or neither. Raises BadImage and SubmitError."""
    picture = pictures.receive_upload(file, by=by, now=now)
    with pictures.removed_on_error(picture), transaction.atomic():
        pictures.add_picture(picture)
        submit_resize(picture, sizes, by=by)
    return picture


def submit_resize(picture: Picture, sizes: Sequence[images.Size] = (), *, by: str) -> str:
    """Submit a job that resizes a picture, note it on the picture, and return its id."""
    texts = [str(size) for size in sizes] or None
    with transaction.atomic():
        job = resize_image.apply_async((str(picture.pk), texts), headers={"requested_by": by})
        pictures.note_job(picture, job.id)
    return str(job.id)


def _report(done: int, total: int) -> None:
    progress(done, total)
    check_cancelled()


def _described(row: StoredRendition) -> dict[str, Any]:
    return {
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "bytes": row.bytes,
        "url": row.file.url,
    }
