"""Have a web page indexed."""

from django.http import HttpRequest, HttpResponse

from jobs.api.answers import accepted, job_handle
from jobs.api.bodies import read_json
from jobs.api.endpoint import endpoint
from jobs.api.payloads import page_url
from jobs.queries.status import find_job
from jobs.tasks.pages import submit_index


@endpoint("POST")
def create(request: HttpRequest, by: str) -> HttpResponse:
    job_id = submit_index(page_url(read_json(request)), by=by)
    return accepted(job_handle(request, find_job(job_id)))
