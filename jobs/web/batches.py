"""Batches: the list, the page of one, and what can be done with it."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from jobs.engine.actions import bulk_actions
from jobs.engine.actions.batch_actions import cancel_batch, close_batch
from jobs.errors import BatchNotFound, HachiError
from jobs.queries.batches import BatchDetails, BatchRow, batch_details, find_batch, list_batches
from jobs.queries.jobs import JobFilter
from jobs.queries.sentences import count_of
from jobs.states import State
from jobs.web.access import asked_by, signed_in
from jobs.web.live import Board, Section, renewed, section

_MOST_ROWS = 30
_PARTS = ("top", "actions", "callbacks", "causes")


@signed_in
@require_safe
def list_all(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "").replace("\0", "")
    rows = list_batches(before=before, size=_MOST_ROWS + 1)
    context = {
        "board": _list_board(request, rows[:_MOST_ROWS], before),
        "rows": rows[:_MOST_ROWS],
        "older": rows[_MOST_ROWS - 1].id if len(rows) > _MOST_ROWS else "",
        "before": before,
    }
    return render(request, "jobs/batches.html", context)


@signed_in
@require_safe
def list_live(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "").replace("\0", "")
    return renewed(request, _list_board(request, list_batches(before=before), before))


@signed_in
@require_safe
def show(request: HttpRequest, pk: str) -> HttpResponse:
    details = _details(pk)
    context = {"board": _board(request, details), "details": details, "row": details.row}
    return render(request, "jobs/batch.html", context)


@signed_in
@require_safe
def live(request: HttpRequest, pk: str) -> HttpResponse:
    return renewed(request, _board(request, _details(pk)))


@signed_in
@require_POST
def cancel(request: HttpRequest, pk: str) -> HttpResponse:
    def act() -> None:
        if not cancel_batch(pk, by=asked_by(request)):
            messages.warning(request, "The batch has finished: there is nothing left to cancel.")

    return _act(request, pk, act)


@signed_in
@require_POST
def close(request: HttpRequest, pk: str) -> HttpResponse:
    def act() -> None:
        close_batch(pk)
        messages.success(request, "The batch is closed: only its own jobs add to it.")

    return _act(request, pk, act)


@signed_in
@require_POST
def retry(request: HttpRequest, pk: str) -> HttpResponse:
    def act() -> None:
        find_batch(pk)
        asked = bulk_actions.ask(
            "retry", JobFilter(batch=pk, state=State.FAILED), by=asked_by(request)
        )
        number = count_of(asked.expected, "job")
        messages.success(request, f"{number} will be queued again within seconds.")

    return _act(request, pk, act)


def _act(request: HttpRequest, pk: str, act: Callable[[], None]) -> HttpResponse:
    try:
        act()
    except BatchNotFound as error:
        raise Http404(str(error)) from error
    except HachiError as error:
        messages.error(request, str(error))
    return redirect("batch", pk)


def _details(pk: str) -> BatchDetails:
    try:
        return batch_details(pk, timezone.now())
    except BatchNotFound as error:
        raise Http404(str(error)) from error


def _list_board(request: HttpRequest, rows: Sequence[BatchRow], before: str) -> Board:
    section_ = section(request, "batches", "jobs/batches/rows.html", {"rows": rows})
    query = [("before", before)] if before else []
    return Board(sections=[section_], url=reverse("batches-live"), query=query, every=2)


def _board(request: HttpRequest, details: BatchDetails) -> Board:
    context = {"details": details, "row": details.row, "batch": details.batch}
    sections: list[Section] = [
        section(request, name, f"jobs/batches/{name}.html", context) for name in _PARTS
    ]
    # One that has finished is looked at more seldom: its callbacks run, a retry opens it again.
    every = 2 if details.batch.finished_at is None else 5
    return Board(sections=sections, url=reverse("batch-live", args=[details.row.id]), every=every)
