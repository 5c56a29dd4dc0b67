"""The page of one pipeline, and what can be done with it."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from jobs.errors import HachiError
from jobs.models import Pipeline, PipelineItem
from jobs.operations.pipelines.retry import ALL, FAILED, UNDONE
from jobs.queries.pipelines import (
    PipelineNotFound,
    causes_of,
    csv_lines,
    find_pipeline,
    headline,
    left_out,
    list_items,
    newest_done,
    progress_of,
    running_chunks,
    state_of,
)
from jobs.queries.sentences import count_of
from jobs.tasks.destinations import address_of
from jobs.tasks.pipelines import cancel_pipeline, retry_pipeline
from jobs.web.access import asked_by, from_htmx, signed_in
from jobs.web.live import Board, renewed, replaced, section

_PARTS = ("top", "actions", "stages", "causes", "newest", "facts")
_THUMBNAILS = 30
_ITEMS = 100


@signed_in
@require_safe
def show(request: HttpRequest, pk: UUID) -> HttpResponse:
    pipeline = _find(pk)
    context = {"pipeline": pipeline, "board": _board(request, pipeline)}
    return render(request, "jobs/pipeline.html", context)


@signed_in
@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    return renewed(request, _board(request, _find(pk)))


@signed_in
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    def act() -> str:
        done = cancel_pipeline(pk, by=asked_by(request))
        return "" if done else "There is nothing left to cancel."

    return _act(request, pk, act)


@signed_in
@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What failed, or what failed for one cause; on wish from the download on."""
    reason = request.POST.get("reason", "").replace("\0", "")[:40]
    states = UNDONE if "cancelled" in request.POST else FAILED
    again = "download" in request.POST

    def act() -> str:
        retry_pipeline(pk, states, reason=reason, download_again=again, by=asked_by(request))
        return ""

    return _act(request, pk, act)


@signed_in
@require_POST
def rerun(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All of it once more, under the same names."""

    def act() -> str:
        number = retry_pipeline(pk, ALL, by=asked_by(request))
        return f"{count_of(number, 'picture')} are made once more, under the same names."

    return _act(request, pk, act)


@signed_in
@require_safe
def items(request: HttpRequest, pk: UUID) -> HttpResponse:
    pipeline = _find(pk)
    state, reason = request.GET.get("state", ""), request.GET.get("reason", "")
    if state not in PipelineItem.State.values:
        state = ""
    after = request.GET.get("after", "")
    found = list_items(
        pipeline,
        state=state,
        reason=reason.replace("\0", ""),
        after=int(after) if after.isdecimal() and len(after) < 10 else 0,
        size=_ITEMS + 1,
    )
    context = {
        "pipeline": pipeline,
        "items": found[:_ITEMS],
        "more": found[_ITEMS - 1].number if len(found) > _ITEMS else None,
        "state": state,
        "reason": reason,
        "states": PipelineItem.State.values,
    }
    return render(request, "jobs/pipeline_items.html", context)


@signed_in
@require_safe
def as_csv(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    pipeline = _find(pk)
    return StreamingHttpResponse(
        csv_lines(pipeline),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="pipeline-{pipeline.pk}.csv"'},
    )


def _act(request: HttpRequest, pk: UUID, act: Callable[[], str]) -> HttpResponse:
    _find(pk)
    try:
        if said := act():
            messages.info(request, said)
    except HachiError as error:
        messages.error(request, str(error))
    if from_htmx(request):
        return replaced(request, _board(request, _find(pk)))
    return redirect("pipeline", pk)


def _find(pk: UUID) -> Pipeline:
    try:
        return find_pipeline(pk)
    except PipelineNotFound as error:
        raise Http404(str(error)) from error


def _board(request: HttpRequest, pipeline: Pipeline) -> Board:
    now = timezone.now()
    progress = progress_of(pipeline, now)
    context = {
        "pipeline": pipeline,
        "progress": progress,
        "state": state_of(pipeline),
        "headline": headline(pipeline, progress, now),
        "causes": causes_of(pipeline) if progress.failed else [],
        "newest": newest_done(pipeline, _THUMBNAILS),
        "left_out": left_out(pipeline),
        "chunks": [] if pipeline.finished_at else running_chunks(pipeline),
        "recipe": pipeline.recipe,
        "place": address_of(pipeline.destination, f"{pipeline.folder}/"),
    }
    return Board(
        sections=[section(request, name, f"jobs/pipeline/{name}.html", context) for name in _PARTS],
        url=reverse("pipeline-live", args=[pipeline.pk]),
        every=None if pipeline.finished_at else 1,
    )
