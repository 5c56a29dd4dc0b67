"""The home page: what needs a person, what runs, what is next, what ended."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from jobs.queries import jobs, schedules
from jobs.web.access import signed_in
from jobs.web.live import Board, renewed, section

_PARTS = ("attention", "numbers", "running", "upcoming", "recent")


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "jobs/home.html", {"board": _board(request)})


@signed_in
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return renewed(request, _board(request))


def _board(request: HttpRequest) -> Board:
    now = timezone.now()
    there = jobs.fleet(now)
    context = {
        "now": now,
        "fleet": there,
        "alarms": jobs.alarms(there, now, schedules=schedules.count_enabled()),
        "failures": jobs.failures(now),
        "counts": jobs.counts(now),
        "running": jobs.running_now(now),
        "due": jobs.next_due(now),
        "schedules": schedules.upcoming(now),
        "recent": jobs.recently_finished(now),
    }
    sections = [section(request, name, f"jobs/home/{name}.html", context) for name in _PARTS]
    return Board(sections=sections, url=reverse("home-live"), every=2)
