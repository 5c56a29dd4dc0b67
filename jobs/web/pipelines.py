"""Pipelines: the list, the form of a new one, and what a form sends."""

from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jobs.errors import HachiError
from jobs.operations.pipelines.templates import store_template
from jobs.queries.pipelines import (
    PipelinePage,
    find_item,
    find_template,
    left_out,
    list_pipelines,
    recent_templates,
)
from jobs.tasks.destinations import signed_url, storage_of
from jobs.tasks.pipelines import start_pipeline
from jobs.web.access import asked_by, signed_in
from jobs.web.live import Board, renewed, section
from jobs.web.media import HEADERS
from jobs.web.moments import moment
from jobs.web.pipeline_forms import PipelineForm, with_file


@signed_in
@require_safe
def list_all(request: HttpRequest) -> HttpResponse:
    page = list_pipelines(before=moment(request.GET))
    return render(request, "jobs/pipelines.html", {"page": page, "board": _board(request, page)})


@signed_in
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    page = list_pipelines(before=moment(request.GET))
    return renewed(request, _board(request, page))


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    templates = recent_templates()
    form = PipelineForm(template=templates[0].digest if templates else "")
    if request.method == "POST":
        form = _filled(request)
        if form.is_valid():
            try:
                pipeline = start_pipeline(form.wanted(), by=asked_by(request))
                if said := left_out(pipeline):
                    messages.info(request, said)
                return redirect("pipeline", pipeline.pk)
            except HachiError as error:
                form.add_error(None, str(error))
    context = {"form": form, "templates": recent_templates() if form.is_bound else templates}
    return render(request, "jobs/pipeline_new.html", context, status=422 if form.errors else 200)


@signed_in
@require_safe
def template(request: HttpRequest, digest: str) -> FileResponse:
    row = find_template(digest)
    if row is None:
        raise Http404("There is no such template.")
    return _file(row.file, row.content_type)


@signed_in
@require_safe
def thumbnail(request: HttpRequest, pk: UUID, number: int) -> FileResponse:
    item = find_item(pk, number)
    if item is None or not item.thumbnail:
        raise Http404("There is no such thumbnail.")
    return _file(item.thumbnail, "image/jpeg")


@signed_in
@require_safe
def result(request: HttpRequest, pk: UUID, number: int) -> HttpResponseBase:
    """What was made of an item: from a storage of this site, or from the bucket itself."""
    item = find_item(pk, number)
    if item is None or item.state != item.State.DONE:
        raise Http404("There is no such picture.")
    storage = storage_of(item.pipeline.destination)
    if storage is None:
        return _from_bucket(item.pipeline.destination, item.name)
    try:
        file = storage.open(item.name)
    except OSError as error:
        raise Http404("This file is gone.") from error
    kind = f"image/{item.pipeline.recipe['format']}"
    return FileResponse(file, content_type=kind, headers=HEADERS)


def _from_bucket(destination: str, name: str) -> HttpResponse:
    """The bucket asks for a signature, which is good for some minutes."""
    try:
        address = signed_url(destination, name)
    except HachiError as error:
        raise Http404(str(error)) from error
    return HttpResponseRedirect(address, headers={"Cache-Control": "no-store"})


def _filled(request: HttpRequest) -> PipelineForm:
    """The form with what came as files in it: an uploaded template is kept, and chosen."""
    data, problem = with_file(request.POST, request.FILES)
    problems = {"urls": problem} if problem else {}
    upload = request.FILES.get("template_file")
    if upload is not None:
        try:
            row = store_template(upload, by=asked_by(request), now=timezone.now())
            data["template"] = row.digest
        except HachiError as error:
            problems["template"] = str(error)
    form = PipelineForm(data)
    form.is_valid()
    for field, text in problems.items():
        form.add_error(field, text)
    return form


def _file(name: str, content_type: str) -> FileResponse:
    try:
        return FileResponse(default_storage.open(name), content_type=content_type, headers=HEADERS)
    except OSError as error:
        raise Http404("This file is gone.") from error


def _board(request: HttpRequest, page: PipelinePage) -> Board:
    lines = [
        section(
            request,
            f"pipeline-{line.pipeline.pk}",
            "jobs/pipelines/line.html",
            {"line": line},
            tag="li",
        )
        for line in page.lines
    ]
    before = request.GET.get("before", "")
    runs = any(line.pipeline.finished_at is None for line in page.lines)
    return Board(
        sections=lines,
        url=reverse("pipelines-live"),
        query=[("before", before)] if before else (),
        every=2 if runs else None,
    )
