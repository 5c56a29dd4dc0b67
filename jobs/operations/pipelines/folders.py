"""Folders that several pipelines share: none of them writes over the results of another."""

from django.db import connection
from django.db.models import Exists, OuterRef

from jobs.errors import SubmitError
from jobs.models import Pipeline, PipelineItem


class FolderTaken(SubmitError):
    """The folder has results of another pipeline under the same names."""


def check_names_free(pipeline: Pipeline) -> None:
    """Make sure that no pipeline has results of these names at this destination, or will have.

    To be called when its items are written, in their transaction. Raises FolderTaken.
    """
    _one_at_a_time(pipeline.destination, pipeline.folder)
    mine = PipelineItem.objects.filter(pipeline=pipeline, name=OuterRef("name"))
    others = Pipeline.objects.filter(destination=pipeline.destination, folder=pipeline.folder)
    for other in others.exclude(pk=pipeline.pk).order_by("created_at"):
        if PipelineItem.objects.filter(Exists(mine), pipeline=other).exists():
            raise FolderTaken(
                f"The folder {pipeline.folder} at {pipeline.destination} has results of the "
                f"pipeline {other.name} ({other.pk}) under the same names, which would be lost. "
                "Choose another folder, or make that pipeline again."
            )


def _one_at_a_time(*place: str) -> None:
    """Let two that start in one folder take turns: each sees what the other has written.

    SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["pipeline:".join(place)]
            )
