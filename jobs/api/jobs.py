"""Submit, show, cancel and retry jobs."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from jobs.api.answers import accepted, job_detail, job_handle
from jobs.api.bodies import read_json
from jobs.api.endpoint import endpoint
from jobs.api.errors import ApiError
from jobs.api.payloads import new_job
from jobs.api.turn_payloads import of_caller
from jobs.engine.actions import job_actions
from jobs.queries.status import find_job
from jobs.states import FINAL, State


@endpoint("POST")
def create(request: HttpRequest, by: str) -> HttpResponse:
    wanted = new_job(read_json(request))
    job_id = job_actions.submit_task(
        wanted.task,
        wanted.args,
        wanted.kwargs,
        countdown=wanted.countdown,
        queue=wanted.queue,
        priority=wanted.priority,
        requested_by=by,
        public_only=True,
        turn=of_caller(wanted.turn, by),
    )
    return accepted(job_handle(request, find_job(job_id)))


@endpoint("GET")
def show(request: HttpRequest, by: str, job_id: str) -> HttpResponse:
    return JsonResponse(job_detail(request, find_job(job_id)))


@endpoint("POST")
def cancel(request: HttpRequest, by: str, job_id: str) -> HttpResponse:
    find_job(job_id)
    changed = job_actions.cancel_jobs([job_id], by=by)
    job = find_job(job_id)
    # Cancelling twice is what a program does that got no answer the first time.
    if not changed and job.state in FINAL and job.state != State.CANCELLED:
        raise ApiError(409, "already_finished", f"The job has {job.state} already.")
    return accepted(job_handle(request, job))


@endpoint("POST")
def retry(request: HttpRequest, by: str, job_id: str) -> HttpResponse:
    find_job(job_id)
    changed = job_actions.retry_jobs([job_id], by=by)
    job = find_job(job_id)
    if not changed:
        raise ApiError(
            409, "not_finished", f"The job is {job.state}: only a finished job can be retried."
        )
    return accepted(job_handle(request, job))
