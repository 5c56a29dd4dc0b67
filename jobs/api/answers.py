"""What stands in an answer: jobs and pictures as JSON."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import reverse

from jobs.models import Job, Pause, Picture, Rendition
from jobs.queries.status import result_of


def accepted(data: dict[str, Any]) -> JsonResponse:
    """202: it is written down, and will be done."""
    return JsonResponse(data, status=202)


def job_handle(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Enough to ask for the job again."""
    url = absolute(request, reverse("api:job", args=[job.pk]))
    return {"id": job.pk, "state": job.state, "url": url}


def job_detail(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Everything that a program may want to know of a job."""
    return {
        **job_handle(request, job),
        "task": job.task,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "lane": job.lane or None,
        "batch": job.batch_id,
        "waiting_for": job.waiting_for or None,
        "progress": _progress(job),
        "created_at": moment(job.created_at),
        "run_at": moment(job.run_at),
        "started_at": moment(job.started_at),
        "finished_at": moment(job.finished_at),
        "result": result_of(job),
        "error": {"type": job.error_type, "message": job.error_message} if job.error_type else None,
    }


def pause_detail(request: HttpRequest, pause: Pause) -> dict[str, Any]:
    """A pause, and the address where it is ended."""
    return {
        "kind": pause.kind,
        "value": pause.value,
        "url": absolute(request, reverse("api:pause", args=[pause.kind, pause.value])),
        "paused_by": pause.paused_by,
        "reason": pause.reason,
        "created_at": moment(pause.created_at),
        "until": moment(pause.until),
    }


def picture_detail(request: HttpRequest, picture: Picture, job: Job | None) -> dict[str, Any]:
    """A picture, the job that resizes it, and what came of it so far."""
    return {
        "id": str(picture.pk),
        "url": absolute(request, reverse("api:image", args=[picture.pk])),
        "name": picture.name,
        "content_type": picture.content_type,
        "bytes": picture.bytes,
        "width": picture.width,
        "height": picture.height,
        "created_at": moment(picture.created_at),
        "job": job_handle(request, job) if job else None,
        "renditions": [_rendition(request, row) for row in picture.renditions.all()],
    }


def absolute(request: HttpRequest, url: str) -> str:
    """A whole URL: a program may hand it on to one that does not know where it came from."""
    return (
        urljoin(settings.PUBLIC_URL, url)
        if settings.PUBLIC_URL
        else request.build_absolute_uri(url)
    )


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None


def _progress(job: Job) -> dict[str, Any] | None:
    if job.progress_done is None:
        return None
    return {
        "done": job.progress_done,
        "total": job.progress_total,
        "message": job.progress_message,
    }


def _rendition(request: HttpRequest, row: Rendition) -> dict[str, Any]:
    return {
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "bytes": row.bytes,
        "content_type": row.content_type,
        # Not the storage's URL: that one is for people who have signed in.
        "url": absolute(request, reverse("api:rendition", args=[row.picture_id, row.size])),
    }
