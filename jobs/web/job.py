"""The page of one job, and what can be done with it."""

from collections.abc import Callable, Collection

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from jobs.engine.actions import job_actions
from jobs.errors import HachiError, JobNotFound
from jobs.queries.jobs import JobDetails, find_lane, job_details
from jobs.states import State
from jobs.web.access import asked_by, from_htmx, signed_in
from jobs.web.forms import PauseForm
from jobs.web.live import Board, renewed, replaced, section

_PARTS = ("top", "actions", "timeline", "pictures", "result", "attempts", "log", "family", "facts")


@signed_in
@require_safe
def show(request: HttpRequest, pk: str) -> HttpResponse:
    details = _details(pk)
    job = details.job
    own = [("queue", job.queue), ("task", job.task), ("lane", job.lane)]
    context = {
        "board": _board(request, details),
        "details": details,
        "job": job,
        "targets": [target for target in own if target[1]],
        "pause_form": PauseForm(auto_id="pause_%s"),
        "lane": find_lane(job.lane, timezone.now()) if job.lane else None,
    }
    return render(request, "jobs/job.html", context)


@signed_in
@require_safe
def live(request: HttpRequest, pk: str) -> HttpResponse:
    return renewed(request, _board(request, _details(pk)))


@signed_in
@require_POST
def retry(request: HttpRequest, pk: str) -> HttpResponse:
    return _act(request, pk, job_actions.retry_jobs, "Only a finished job can be retried.")


@signed_in
@require_POST
def cancel(request: HttpRequest, pk: str) -> HttpResponse:
    return _act(request, pk, job_actions.cancel_jobs, "There is nothing left to cancel.")


def _act(request: HttpRequest, pk: str, act: Callable[..., int], otherwise: str) -> HttpResponse:
    ids: Collection[str] = [pk]
    try:
        if not act(ids, by=asked_by(request)):
            messages.warning(request, otherwise)
    except HachiError as error:
        messages.error(request, str(error))
    if from_htmx(request):
        return replaced(request, _board(request, _details(pk)))
    return redirect("job", pk)


def _details(pk: str) -> JobDetails:
    try:
        return job_details(pk, timezone.now())
    except JobNotFound as error:
        raise Http404(str(error)) from error


def _board(request: HttpRequest, details: JobDetails) -> Board:
    context = {"details": details, "job": details.job}
    waits = details.job.state == State.SCHEDULED
    return Board(
        sections=[section(request, name, f"jobs/job/{name}.html", context) for name in _PARTS],
        url=reverse("job-live", args=[details.job.id]),
        every=None if details.finished else 2 if waits else 1,
    )
