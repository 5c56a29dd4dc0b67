"""Pause and resume a queue, a task or a lane; and the banner that every page has meanwhile."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from jobs.engine.actions import job_actions
from jobs.errors import HachiError
from jobs.queries.jobs import pause_rows
from jobs.queries.sentences import count_of
from jobs.web.access import asked_by, signed_in
from jobs.web.forms import PauseForm


def active(request: HttpRequest) -> Mapping[str, Any]:
    """What is paused, for templates of whole pages; nothing is read where none asks."""
    return {"pauses": SimpleLazyObject(lambda: pause_rows(timezone.now()))}


@signed_in
@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    form = PauseForm(request.POST)
    if not form.is_valid():
        return refused(request, form)
    kind, value = form.cleaned_data["target"]
    reason, until = form.cleaned_data["reason"], form.cleaned_data["until"]
    try:
        job_actions.pause_jobs(kind, value, by=asked_by(request), reason=reason, until=until)
    except HachiError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The {kind} {value} is paused. What runs goes on.")
    return redirect(back(request))


@signed_in
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    form = PauseForm(request.POST)
    if not form.is_valid():
        return refused(request, form)
    kind, value = form.cleaned_data["target"]
    try:
        number = job_actions.resume_jobs(kind, value)
    except HachiError as error:
        messages.error(request, str(error))
    else:
        verb = "goes" if number == 1 else "go"
        text = f" {count_of(number, 'job')} {verb} on." if number else ""
        messages.success(request, f"The {kind} {value} is resumed.{text}")
    return redirect(back(request))


def refused(request: HttpRequest, form: Form) -> HttpResponse:
    """Say what makes no sense, where the form was."""
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
    return redirect(back(request))


def back(request: HttpRequest) -> str:
    """The page where the button is, but none of another site."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure())
    return asked if ours else "jobs"
