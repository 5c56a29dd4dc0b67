"""The steps of a pipeline as tasks of their own, for people who build their own canvas.

    chain(
        download.s("https://example.com/bee.jpg"),
        compose.s({"mode": "stamp", "opacity": 0.8}, template=digest),
        upload.s("local", "bees/bee.jpg"),
    ).delay()

Files lie in the site's storage; what goes from step to step is their names.
"""

import random
from pathlib import PurePosixPath
from typing import Any, NoReturn
from uuid import uuid4

from celery import Task, shared_task
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.engine.context import current_job, snooze
from jobs.errors import WorkError
from jobs.operations.pipelines.cleanup import STEPS
from jobs.operations.pipelines.templates import template_bytes
from jobs.queries.pipelines import find_template
from jobs.tasks.bounds import bounded_memory
from jobs.tasks.destinations import open_destination
from jobs.tasks.pipeline_chunks import chunk_policy
from jobs.work.images import Format
from jobs.work.pipeline import (
    Destination,
    DestinationDown,
    ItemFailed,
    Recipe,
    StorageDestination,
    steps,
)

FIRST_RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 600.0
DOWN_SECONDS = 30.0


@shared_task(
    bind=True,
    name="jobs.pipeline_download",
    soft_time_limit=90,
    time_limit=120,
    max_retries=5,
    retry_backoff=True,
    autoretry_for=(OSError,),
)
def download(self: Task, url: str) -> str:
    """Download a picture; returns the name of the file in the site's storage."""
    job = current_job()
    folder = f"{STEPS}/{timezone.now():%Y-%m-%d}/{job.id if job else 'none'}"
    try:
        return steps.download(url, _store(), f"{folder}/original", chunk_policy())
    except (ItemFailed, DestinationDown) as error:
        _again_or_fail(self, error)


@shared_task(
    bind=True,
    name="jobs.pipeline_compose",
    soft_time_limit=90,
    time_limit=120,
    max_retries=5,
    retry_backoff=True,
    autoretry_for=(OSError,),
)
def compose(self: Task, source: str, recipe: dict[str, Any], template: str) -> str:
    """Lay a template (its digest) on a stored picture; returns the name of the new file."""
    row = find_template(template)
    if row is None:
        raise WorkError(f"There is no template {template[:64]!r}. Upload it first.")
    made = Recipe.read(recipe, template_bytes(row))
    job = current_job()
    # Several of these may share one download, and so its folder.
    file = f"composed-{job.id if job else uuid4().hex}.{made.format.extension}"
    name = str(PurePosixPath(source).with_name(file))
    try:
        with bounded_memory():
            return steps.compose(source, _store(), name, made, chunk_policy())
    except (ItemFailed, DestinationDown) as error:
        _again_or_fail(self, error)


@shared_task(
    bind=True,
    name="jobs.pipeline_upload",
    soft_time_limit=120,
    time_limit=150,
    max_retries=5,
    retry_backoff=True,
    autoretry_for=(OSError,),
)
def upload(self: Task, source: str, destination: str, name: str) -> dict[str, Any]:
    """Put a stored file to a destination of the settings, in place of what has this name there."""
    place = open_destination(destination)
    try:
        stored = steps.upload(source, _store(), place, name, _format_of(source))
    except (ItemFailed, DestinationDown) as error:
        _again_or_fail(self, error)
    finally:
        place.close()
    return {"destination": destination, "name": stored.name, "bytes": stored.size}


def _store() -> Destination:
    return StorageDestination(default_storage)


def _format_of(source: str) -> Format:
    suffix = PurePosixPath(source).suffix.lstrip(".")
    return next((form for form in Format if form.extension == suffix), Format.JPEG)


def _again_or_fail(task: Task, error: ItemFailed | DestinationDown) -> NoReturn:
    """A place that is down is waited for; a failure that may pass is tried again."""
    if isinstance(error, DestinationDown):
        snooze(DOWN_SECONDS + random.uniform(0, 5))
    if not error.worth_retrying:
        raise error
    wait = max(error.retry_after or 0.0, FIRST_RETRY_SECONDS * 2**task.request.retries)
    raise task.retry(exc=error, countdown=min(wait, LONGEST_RETRY_SECONDS)) from error
