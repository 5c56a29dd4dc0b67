"""Pictures: take an upload in, and keep what was made of it."""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePath
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.db import InterfaceError, OperationalError, transaction

from jobs.errors import WorkError
from jobs.models import Picture, Rendition
from jobs.work import images

logger = logging.getLogger(__name__)

ORIGINALS = "pictures/originals"
RENDITIONS = "pictures/renditions"


def receive_upload(file: "File[bytes]", *, by: str, now: datetime) -> Picture:
    """Store an upload under a name of our own; its row is still to be written. Raises BadImage.

    Apart from `add_picture`, so that no transaction stays open while a large file is stored. What
    fails after it removes the file (`removed_on_error`), and operations.cleanup finds what a crash
    left behind.
    """
    size = file.size or 0
    images.Limits(size_bytes=settings.HACHI_UPLOAD_MAX_BYTES).check_bytes(size)
    file.seek(0)
    form = images.sniff(file.read(images.HEAD_BYTES))
    file.seek(0)
    picture = Picture(
        id=uuid4(),
        name=shown_name(file.name or ""),
        content_type=form.content_type,
        bytes=size,
        uploaded_by=by[:150],
        created_at=now,
    )
    folder = f"{ORIGINALS}/{now.astimezone(UTC):%Y-%m-%d}"  # operations.cleanup looks by day
    name = f"{folder}/{picture.id}.{form.extension}"
    picture.file.name = picture.file.storage.save(name, file)
    return picture


def add_picture(picture: Picture) -> None:
    """Write the row of a received upload."""
    picture.save(force_insert=True)


@contextmanager
def removed_on_error(picture: Picture) -> Iterator[None]:
    """Remove the file of a picture if what is done here, its row above all, fails."""
    try:
        yield
    except (OperationalError, InterfaceError):
        # The connection broke, and perhaps after the commit: the row may be there.
        raise
    except BaseException:
        discard_upload(picture)
        raise


def discard_upload(picture: Picture) -> None:
    """Remove the file of a picture whose row was rolled back."""
    try:
        picture.file.storage.delete(str(picture.file.name))
    except OSError:
        logger.warning("The file of picture %s was left behind.", picture.id, exc_info=True)


def note_job(picture: Picture, job: str) -> None:
    """Remember the job that resizes this picture."""
    picture.job = job
    Picture.objects.filter(pk=picture.pk).update(job=job)


def save_renditions(
    picture: Picture,
    info: images.ImageInfo,
    renditions: Sequence[images.Rendition],
    *,
    now: datetime,
) -> list[Rendition]:
    """Store what was rendered in place of what was there for these sizes.

    Names are made of picture and size, so a job that runs twice writes over its own files.
    """
    rows = [_stored(picture, rendition, now) for rendition in renditions]
    known = Picture.objects.filter(pk=picture.pk)
    with transaction.atomic():
        # Locked: deleted in this moment, it would leave renditions of nothing.
        if not known.select_for_update().exists():
            raise WorkError("The picture was deleted while it was being resized.")
        known.update(width=info.width, height=info.height)
        replaced = {name for row in rows for name in _replace(row)}
        transaction.on_commit(partial(_delete_files, picture.file.storage, replaced))
    return rows


def _stored(picture: Picture, rendition: images.Rendition, now: datetime) -> Rendition:
    """Write the file over the one that an earlier run left."""
    name = f"{RENDITIONS}/{picture.id}/{rendition.size}.{rendition.extension}"
    row = Rendition(
        picture=picture,
        size=str(rendition.size),
        content_type=rendition.content_type,
        bytes=len(rendition.data),
        width=rendition.width,
        height=rendition.height,
        created_at=now,
    )
    storage = row.file.storage
    storage.delete(name)
    row.file.name = storage.save(name, ContentFile(rendition.data))
    return row


def _replace(row: Rendition) -> list[str]:
    """Write the row over the one of this size; the names of files that nothing points to now."""
    before = Rendition.objects.filter(picture=row.picture, size=row.size)
    old = [name for name in before.values_list("file", flat=True) if name != row.file.name]
    before.delete()
    row.save(force_insert=True)
    return old


def _delete_files(storage: Storage, names: Collection[str]) -> None:
    for name in names:
        storage.delete(name)


def shown_name(name: str) -> str:
    """The file's name as text for people: no folders, nothing that cannot be printed."""
    bare = PurePath(name.replace("\\", "/")).name
    return "".join(sign for sign in bare if sign.isprintable())[:255] or "unnamed"
