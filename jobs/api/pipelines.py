"""Start, show, cancel and retry pipelines; upload templates."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.utils import timezone

from jobs.api.answers import accepted
from jobs.api.bodies import read_form, read_json
from jobs.api.endpoint import endpoint
from jobs.api.errors import ApiError
from jobs.api.pipeline_answers import pipeline_detail, pipeline_line, template_detail
from jobs.api.pipeline_payloads import before, new_pipeline, retry_of
from jobs.operations.pipelines.templates import store_template
from jobs.queries.pipelines import csv_lines, find_pipeline, list_pipelines
from jobs.tasks import pipelines as tasks


@endpoint("POST")
def create_template(request: HttpRequest, by: str) -> HttpResponse:
    file, _ = read_form(request, fields=frozenset())
    row = store_template(file, by=by, now=timezone.now())
    return JsonResponse(template_detail(row), status=201)


@endpoint("GET", "POST")
def pipelines(request: HttpRequest, by: str) -> HttpResponse:
    if request.method == "POST":
        return _start(request, by)
    page = list_pipelines(before=before(request.GET))
    lines = [pipeline_line(request, line) for line in page.lines]
    return JsonResponse({"pipelines": lines})


@endpoint("GET")
def show(request: HttpRequest, by: str, pipeline_id: UUID) -> HttpResponse:
    return JsonResponse(pipeline_detail(request, find_pipeline(pipeline_id)))


@endpoint("POST")
def cancel(request: HttpRequest, by: str, pipeline_id: UUID) -> HttpResponse:
    changed = tasks.cancel_pipeline(find_pipeline(pipeline_id).pk, by=by)
    pipeline = find_pipeline(pipeline_id)
    # Cancelling twice is what a program does that got no answer the first time.
    if not changed and not pipeline.cancelled_at:
        raise ApiError(409, "already_finished", "The pipeline has ended already.")
    return accepted(pipeline_detail(request, pipeline))


@endpoint("POST")
def retry(request: HttpRequest, by: str, pipeline_id: UUID) -> HttpResponse:
    wanted = retry_of(read_json(request))
    tasks.retry_pipeline(
        find_pipeline(pipeline_id).pk,
        wanted.states,
        reason=wanted.reason,
        download_again=wanted.download_again,
        by=by,
    )
    return accepted(pipeline_detail(request, find_pipeline(pipeline_id)))


@endpoint("GET")
def outcomes(request: HttpRequest, by: str, pipeline_id: UUID) -> StreamingHttpResponse:
    lines = csv_lines(find_pipeline(pipeline_id))
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")


def _start(request: HttpRequest, by: str) -> HttpResponse:
    body = read_json(request, most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    pipeline = tasks.start_pipeline(new_pipeline(body, by=by), by=by)
    return accepted(pipeline_detail(request, find_pipeline(pipeline.pk)))
