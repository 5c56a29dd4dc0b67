"""The list of jobs, its filters, and what is done with many at once."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jobs.engine.actions import job_actions
from jobs.errors import HachiError
from jobs.queries import jobs
from jobs.queries.bulk import under_way
from jobs.queries.jobs import Cursor, JobFilter, JobPage, JobRow
from jobs.queries.sentences import count_of
from jobs.web.access import asked_by, signed_in
from jobs.web.forms import FilterForm, PauseForm
from jobs.web.live import Board, Section, renewed, section

#: What a list asks about must fit into one line of a request.
_LONGEST_LIVE_ID = 48
_MOST_ROWS = 50


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def list_jobs(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _act(request)
    now = timezone.now()
    form = FilterForm(request.GET)
    wanted = form.wanted()
    before, after = _cursor(request, "before"), _cursor(request, "after")
    page = jobs.list_jobs(wanted, now, before=before, after=after, size=_MOST_ROWS)
    tasks, queues = jobs.known_names()
    context = {
        "form": form,
        "wanted": wanted,
        "page": page,
        "counts": jobs.counts(now),
        "tasks": tasks,
        "queues": queues,
        "board": _board(request, page, newest=not (before or page.newer)),
        "targets": _targets(wanted, tasks, queues),
        "pause_form": PauseForm(auto_id="pause_%s"),
        "lane": jobs.find_lane(wanted.lane, now) if wanted.lane else None,
        "narrowed": wanted != JobFilter(),
        "narrowing": _narrowing(request),
        "bulk": under_way(now),
    }
    return render(request, "jobs/jobs.html", context)


@signed_in
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The rows that a page shows, as they are now; and how many came since."""
    ids = request.GET.getlist("row")[:_MOST_ROWS]
    rows = jobs.rows_of([pk for pk in ids if pk], timezone.now())
    sections = [_row(request, n, rows[pk]) for n, pk in enumerate(ids) if pk in rows]
    top = Cursor.parse(request.GET.get("top", ""))
    number = jobs.newer_than(FilterForm(request.GET).wanted(), top) if top else 0
    return renewed(request, _renewal(request, [_newer(request, number), *sections], ids))


def _act(request: HttpRequest) -> HttpResponse:
    ids = request.POST.getlist("id")[:_MOST_ROWS]
    verbs = {
        "retry": (
            job_actions.retry_jobs,
            "queued again",
            "only finished jobs can be retried, and no two of one unique key",
        ),
        "cancel": (job_actions.cancel_jobs, "cancelled", "finished jobs cannot be cancelled"),
    }
    verb = verbs.get(request.POST.get("action", ""))
    if verb is None:
        return HttpResponseBadRequest("There is no such action.")
    act, done, otherwise = verb
    try:
        number = act(ids, by=asked_by(request))
    except HachiError as error:
        messages.error(request, str(error))
    else:
        text = f"{count_of(number, 'job')} {done}."
        if number < len(ids):
            text += f" {count_of(len(ids) - number, 'job')} left as they were: {otherwise}."
        messages.success(request, text if ids else "No job was selected.")
    return redirect(f"{reverse('jobs')}?{request.GET.urlencode()}".rstrip("?"))


def _board(request: HttpRequest, page: JobPage, *, newest: bool) -> Board:
    rows = [_row(request, number, row) for number, row in enumerate(page.rows)]
    ids = [row.id if len(row.id) <= _LONGEST_LIVE_ID else "" for row in page.rows]
    top = [("top", str(Cursor(page.rows[0].created_at, page.rows[0].id)))] if newest and ids else []
    return _renewal(request, [_newer(request, 0), *rows], ids, top)


def _renewal(
    request: HttpRequest,
    sections: Sequence[Section],
    ids: Sequence[str],
    top: Sequence[tuple[str, str]] = (),
) -> Board:
    kept = request.GET.get("top")
    top = top or ([("top", kept)] if kept else [])
    query = [*_narrowing(request), *top, *(("row", pk) for pk in ids)]
    return Board(sections=sections, url=reverse("jobs-live"), query=query, every=2)


def _row(request: HttpRequest, number: int, row: JobRow) -> Section:
    return section(request, f"row-{number}", "jobs/jobs/row.html", {"row": row}, tag="tr")


def _newer(request: HttpRequest, number: int) -> Section:
    link = f"{reverse('jobs')}?{urlencode(_narrowing(request))}"
    context: Mapping[str, Any] = {"number": number, "link": link.rstrip("?")}
    return section(request, "newer", "jobs/jobs/newer.html", context)


def _targets(
    wanted: JobFilter, tasks: Sequence[str], queues: Sequence[str]
) -> Sequence[tuple[str, str]]:
    """What can be paused from here: what the list is narrowed to, or else what it has."""
    narrowed = [("queue", wanted.queue), ("task", wanted.task), ("lane", wanted.lane)]
    these = [target for target in narrowed if target[1]]
    return these or [*(("queue", name) for name in queues), *(("task", name) for name in tasks)]


def _narrowing(request: HttpRequest) -> Sequence[tuple[str, str]]:
    """What of the query says which jobs, not where in the list."""
    return [(name, value) for name in FilterForm.base_fields if (value := request.GET.get(name))]


def _cursor(request: HttpRequest, name: str) -> Cursor | None:
    return Cursor.parse(request.GET.get(name, "").replace("\x00", ""))
