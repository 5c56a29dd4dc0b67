"""Upload pictures and see what became of them."""

from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from jobs.api.answers import accepted, job_handle, picture_detail
from jobs.api.bodies import read_form
from jobs.api.endpoint import endpoint
from jobs.api.errors import ApiError
from jobs.errors import JobNotFound
from jobs.models import Job
from jobs.queries.status import find_job, find_picture, find_rendition
from jobs.tasks.images import submit_upload
from jobs.work.images import parse_sizes

#: It was made of what a stranger sent: a browser that opens it runs nothing.
_HARMLESS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@endpoint("POST")
def create(request: HttpRequest, by: str) -> HttpResponse:
    file, fields = read_form(request, fields=frozenset({"sizes"}))
    sizes = parse_sizes(fields["sizes"]) if "sizes" in fields else ()
    picture = submit_upload(file, sizes, by=by, now=timezone.now())
    job = job_handle(request, find_job(picture.job))
    return accepted({"id": str(picture.pk), "job": job})


@endpoint("GET")
def show(request: HttpRequest, by: str, picture_id: UUID) -> HttpResponse:
    picture = find_picture(picture_id)
    return JsonResponse(picture_detail(request, picture, _job(picture.job)))


@endpoint("GET")
def download(request: HttpRequest, by: str, picture_id: UUID, size: str) -> FileResponse:
    row = find_rendition(picture_id, size)
    try:
        file = row.file.open("rb")
    except OSError:
        raise ApiError(404, "not_found", "The file is gone. Retry the picture's job.") from None
    return FileResponse(file, content_type=row.content_type, headers=_HARMLESS)


def _job(job_id: str) -> Job | None:
    try:
        return find_job(job_id)
    except JobNotFound:  # deleted in time: the picture stays
        return None
