"""Schedules: how each fares, its last and next runs, and the buttons run now, pause and resume."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from jobs.engine.beat import schedule_actions
from jobs.errors import HachiError, ScheduleNotFound
from jobs.queries.schedule_pages import list_schedules, schedule_details
from jobs.web.access import asked_by, signed_in


@signed_in
@require_safe
def list_all(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = {"schedules": list_schedules(now), "now": now}
    return render(request, "jobs/schedules.html", context)


@signed_in
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    try:
        details = schedule_details(pk, now)
    except ScheduleNotFound as error:
        raise Http404(str(error)) from error
    return render(request, "jobs/schedule.html", {"details": details, "now": now})


@signed_in
@require_POST
def run(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        job = schedule_actions.run_now(pk, by=asked_by(request))
    except ScheduleNotFound as error:
        raise Http404(str(error)) from error
    except HachiError as error:
        messages.error(request, str(error))
        return redirect("schedule", pk)
    return redirect("job", job)


@signed_in
@require_POST
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    return _switch(request, pk, on=False)


@signed_in
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _switch(request, pk, on=True)


def _switch(request: HttpRequest, pk: int, *, on: bool) -> HttpResponse:
    act = schedule_actions.resume if on else schedule_actions.pause
    try:
        changed = act(pk)
    except ScheduleNotFound as error:
        raise Http404(str(error)) from error
    word = "on" if on else "off"
    text = f"The schedule is {word}." if changed else f"The schedule was {word} already."
    messages.success(request, text)
    return redirect("schedule", pk)
