"""Uploaded pictures and what was made of them, for the pages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from jobs.models import Job, Picture, Rendition
from jobs.states import State

_PAGE = 24


@dataclass(frozen=True, slots=True)
class PictureCard:
    """A picture as the gallery shows it."""

    picture: Picture
    #: The first rendition, once there is one.
    thumbnail: Rendition | None
    renditions: Sequence[Rendition]
    #: The state of the job that resizes it; empty once retention took the job.
    state: str
    error: str

    @property
    def pending(self) -> bool:
        return self.state in {State.SCHEDULED, State.QUEUED, State.RUNNING}


@dataclass(frozen=True, slots=True)
class PicturePage:
    """Some pictures, newest first, and where the older ones begin."""

    cards: Sequence[PictureCard]
    older: datetime | None


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A stored file and the type that was established for it when it came."""

    name: str
    content_type: str


def recent_pictures(*, before: datetime | None = None, size: int = _PAGE) -> PicturePage:
    """The newest pictures, or those uploaded before a moment."""
    pictures = _with_renditions().order_by("-created_at", "id")
    if before:
        pictures = pictures.filter(created_at__lt=before)
    found = list(pictures[: size + 1])
    shown = found[:size]
    older = shown[-1].created_at if len(found) > size else None
    return PicturePage(_cards(shown), older)


def picture_cards(ids: Collection[UUID]) -> Sequence[PictureCard]:
    """The pictures with these ids, in this order, as far as they exist."""
    found = {card.picture.pk: card for card in _cards(list(_with_renditions().filter(id__in=ids)))}
    return [found[pk] for pk in ids if pk in found]


def picture_of_job(job: str) -> Picture | None:
    """The picture that a job resizes, with its renditions."""
    return _with_renditions().filter(job=job).first()


def media_file(name: str) -> MediaFile | None:
    """The file of this name, if a picture or a rendition has it."""
    for model in (Rendition, Picture):
        kinds = model._default_manager.filter(file=name).values_list("content_type", flat=True)
        if (kind := kinds.first()) is not None:
            return MediaFile(name, str(kind))
    return None


def _with_renditions() -> QuerySet[Picture]:
    return Picture.objects.prefetch_related("renditions")


def _cards(pictures: Sequence[Picture]) -> Sequence[PictureCard]:
    jobs = Job.objects.only("state", "error_message").in_bulk([p.job for p in pictures if p.job])
    return [_card(picture, jobs.get(picture.job)) for picture in pictures]


def _card(picture: Picture, job: Job | None) -> PictureCard:
    renditions = list(picture.renditions.all())
    return PictureCard(
        picture=picture,
        thumbnail=renditions[0] if renditions else None,
        renditions=renditions,
        state=job.state if job else "",
        error=job.error_message.partition("\n")[0] if job and job.state == State.FAILED else "",
    )
