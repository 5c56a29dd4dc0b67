"""Pause a queue, a task or a lane; show what is paused; resume it."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from jobs.api.answers import pause_detail
from jobs.api.bodies import read_json
from jobs.api.endpoint import endpoint
from jobs.api.errors import ApiError
from jobs.api.pause_payloads import new_pause
from jobs.engine.actions import job_actions
from jobs.queries.jobs import active_pauses, find_pause


@endpoint("GET", "POST")
def pauses(request: HttpRequest, by: str) -> HttpResponse:
    return _pause(request, by) if request.method == "POST" else _show(request)


@endpoint("DELETE")
def resume(request: HttpRequest, by: str, kind: str, value: str) -> HttpResponse:
    if find_pause(kind, value) is None:
        raise ApiError(404, "not_found", f"The {kind[:10]} {value[:100]!r} is not paused.")
    return JsonResponse({"resumed": job_actions.resume_jobs(kind, value)})


def _pause(request: HttpRequest, by: str) -> HttpResponse:
    wanted = new_pause(read_json(request), timezone.now())
    job_actions.pause_jobs(
        wanted.kind, wanted.value, by=by, reason=wanted.reason, until=wanted.until
    )
    row = find_pause(wanted.kind, wanted.value)
    if row is None:  # somebody resumed it in this very moment
        raise ApiError(404, "not_found", "The pause was ended again at once.")
    return JsonResponse(pause_detail(request, row), status=201)


def _show(request: HttpRequest) -> HttpResponse:
    rows = active_pauses(timezone.now())
    return JsonResponse({"pauses": [pause_detail(request, row) for row in rows]})
