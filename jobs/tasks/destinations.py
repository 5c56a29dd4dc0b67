"""Where results may go: names from the settings, made into something that takes files."""

from typing import Any

from django.conf import settings
from django.core.files.storage import Storage, storages

from jobs.errors import SubmitError
from jobs.models import Pipeline
from jobs.work.pipeline import Bucket, Destination, S3Destination, StorageDestination

_LOOK_SECONDS = 300.0


class UnknownDestination(SubmitError):
    """There is no such destination."""


def destination_names() -> list[str]:
    """The names that may be chosen, the usual one first."""
    return list(settings.HACHI_PIPELINE_DESTINATIONS)


def require_destination(name: str) -> str:
    """The same name. Raises UnknownDestination."""
    if name not in settings.HACHI_PIPELINE_DESTINATIONS:
        known = ", ".join(destination_names())
        raise UnknownDestination(
            f"There is no destination {name[:100]!r}. The settings know: {known}."
        )
    return name


def open_destination(name: str) -> Destination:
    """The destination of this name. Nothing is asked of it yet. Raises UnknownDestination."""
    options: dict[str, Any] = settings.HACHI_PIPELINE_DESTINATIONS[require_destination(name)]
    if "storage" in options:
        return StorageDestination(storages[options["storage"]])
    return S3Destination(Bucket(**options["s3"]))


def signed_url(name: str, file: str) -> str:
    """An address at which a person can look at a file of a bucket for some minutes.

    Raises DestinationDown.
    """
    place = open_destination(name)
    if not isinstance(place, S3Destination):
        return ""
    try:
        return place.signed_url(file, _LOOK_SECONDS)
    finally:
        place.close()


def sweep_results(pipeline: Pipeline) -> None:
    """Remove what killed processes left half written in the folder of a pipeline's results."""
    storage = storage_of(pipeline.destination)
    if storage is not None:
        StorageDestination(storage).sweep(pipeline.folder)


def storage_of(name: str) -> Storage | None:
    """The Django storage behind a destination, whose files the site can show; None for others."""
    options = settings.HACHI_PIPELINE_DESTINATIONS.get(name, {})
    return storages[options["storage"]] if "storage" in options else None


def address_of(name: str, file: str) -> str:
    """Where a file is, for people: the path in a storage, or s3://bucket/key."""
    options = settings.HACHI_PIPELINE_DESTINATIONS.get(name, {})
    return f"s3://{options['s3']['bucket']}/{file}" if "s3" in options else file
