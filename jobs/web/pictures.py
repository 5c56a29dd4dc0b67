"""Pictures: upload and gallery, the page of one, and their files."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jobs.errors import HachiError
from jobs.queries import pictures
from jobs.queries.pictures import PictureCard
from jobs.tasks.images import submit_upload
from jobs.web.access import asked_by, signed_in
from jobs.web.forms import UploadForm
from jobs.web.live import Board, renewed, section
from jobs.web.moments import moment

_MOST_LIVE = 24


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def list_pictures(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _upload(request)
    page = pictures.recent_pictures(before=moment(request.GET))
    context = {
        "form": UploadForm(),
        "page": page,
        "board": _board(request, page.cards),
        "most_bytes": settings.HACHI_UPLOAD_MAX_BYTES,
    }
    return render(request, "jobs/pictures.html", context)


@signed_in
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The cards that a gallery still waits for."""
    ids = [UUID(text) for text in request.GET.getlist("id")[:_MOST_LIVE] if _is_uuid(text)]
    return renewed(request, _board(request, pictures.picture_cards(ids)))


@signed_in
@require_safe
def show(request: HttpRequest, pk: UUID) -> HttpResponse:
    card = _card(pk)
    return render(request, "jobs/picture.html", {"card": card, "board": _alone(request, card)})


@signed_in
@require_safe
def show_live(request: HttpRequest, pk: UUID) -> HttpResponse:
    return renewed(request, _alone(request, _card(pk)))


def _upload(request: HttpRequest) -> HttpResponse:
    """Each file is a picture and a job of its own. A script gets a status, a form gets the page."""
    form = UploadForm(request.POST)
    files = request.FILES.getlist("files")
    problems = [str(error) for errors in form.errors.values() for error in errors]
    if not files:
        problems.append("Choose at least one picture.")
    for file in files if not problems else ():
        try:
            sizes = form.cleaned_data["sizes"]
            submit_upload(file, sizes, by=asked_by(request), now=timezone.now())
        except HachiError as error:
            problems.append(f"{file.name}: {error}")
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return HttpResponse(" ".join(problems), "text/plain", status=422 if problems else 201)
    for problem in problems:
        messages.error(request, problem)
    return redirect("pictures")


def _board(request: HttpRequest, cards: Sequence[PictureCard]) -> Board:
    pending = [str(card.picture.pk) for card in cards if card.pending]
    sections = [
        section(request, f"picture-{card.picture.pk}", "jobs/pictures/card.html", {"card": card})
        for card in cards
    ]
    return Board(
        sections=sections,
        url=reverse("pictures-live"),
        query=[("id", str(card.picture.pk)) for card in cards],
        every=1 if pending else None,
    )


def _alone(request: HttpRequest, card: PictureCard) -> Board:
    """The page of one picture."""
    return Board(
        sections=[section(request, "picture", "jobs/pictures/detail.html", {"card": card})],
        url=reverse("picture-live", args=[card.picture.pk]),
        every=1 if card.pending else None,
    )


def _card(pk: UUID) -> PictureCard:
    cards = pictures.picture_cards([pk])
    if not cards:
        raise Http404("No picture has this id.")
    return cards[0]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
