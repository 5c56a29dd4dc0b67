"""Write a new pipeline and its items. Their jobs are submitted in the same transaction (tasks)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection

from jobs.errors import SubmitError
from jobs.models import Pipeline, PipelineTemplate
from jobs.operations.pipelines.chunks import Chunk, cut, size_for
from jobs.operations.pipelines.folders import check_names_free
from jobs.operations.pipelines.hands import hands
from jobs.operations.pipelines.templates import hold_template
from jobs.work.pipeline import Recipe, output_name

#: Rows of one INSERT: SQLite takes 32,766 parameters.
_SLICE = 1_000
#: As it stands in the names of results: nothing of it is changed or cut off there.
FOLDER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,98}[A-Za-z0-9_])?")
_GIVEN = ("pipeline_id", "number", "url", "name", "chunk")
_AT_FIRST = {
    "state": "'waiting'",
    "stage": "''",
    "reason": "''",
    "detail": "''",
    "lap": "1",
    "job": "''",
    "claim": "''",
    "attempt": "0",
    "crashes": "0",
    "tries": "0",
    "download_again": "false",
    "original": "''",
    "thumbnail": "''",
}


class BadFolder(SubmitError):
    """A folder has letters, digits, - and _ only, 100 at most, and does not begin or end with -."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPipeline:
    """A pipeline as somebody asks for it, checked."""

    name: str
    urls: Sequence[str]
    recipe: Recipe
    template: PipelineTemplate
    destination: str
    #: At the destination; empty for one of its own.
    folder: str = ""
    #: How many lines of the list repeated an address; `urls` has each once.
    repeated: int = 0
    #: A second pipeline with the same key is the first.
    idempotency_key: str = ""


def add_pipeline(
    wanted: NewPipeline, *, most: int, by: str, now: datetime
) -> tuple[Pipeline, list[Chunk]]:
    """Write the rows of a pipeline; returns it and its chunks of at most `most`, numbered from 0.

    Belongs into a transaction together with the submit of its jobs. Names at the destination are
    made here, once, of folder, number and address: whatever runs twice writes over its own file.
    Without chunks it is an older pipeline with the same key, and nothing was written.

    Raises:
        BadFolder, FolderTaken, TemplateGone: nothing may be kept of it.
    """
    if wanted.folder and not FOLDER.fullmatch(wanted.folder):
        raise BadFolder
    id = uuid4()
    pipeline = Pipeline(
        id=id,
        name=wanted.name[:200],
        recipe=wanted.recipe.described(),
        template=wanted.template,
        destination=wanted.destination,
        folder=wanted.folder or f"{now:%Y-%m-%d}-{id.hex[:8]}",
        idempotency_key=wanted.idempotency_key,
        repeated=wanted.repeated,
        total=len(wanted.urls),
        requested_by=by[:150],
        created_at=now,
    )
    if earlier := _insert_or_find(pipeline):
        return earlier, []
    chunks = cut(
        enumerate(wanted.urls, 1), size=size_for(len(wanted.urls), hands=hands(now), most=most)
    )
    of_number = {number: at for at, chunk in enumerate(chunks) for number in chunk}
    form = wanted.recipe.format
    rows = [
        (number, url, output_name(pipeline.folder, number, url, form), of_number[number])
        for number, url in enumerate(wanted.urls, 1)
    ]
    for start in range(0, len(rows), _SLICE):
        _insert(pipeline, rows[start : start + _SLICE])
    if wanted.folder:
        check_names_free(pipeline)
    hold_template(pipeline.template_id)
    return pipeline, chunks


def _insert_or_find(pipeline: Pipeline) -> Pipeline | None:
    """Write it, unless an older one has its key: then that one."""
    key = pipeline.idempotency_key
    Pipeline.objects.bulk_create([pipeline], ignore_conflicts=bool(key))
    return (
        Pipeline.objects.exclude(pk=pipeline.pk).filter(idempotency_key=key).first()
        if key
        else None
    )


def _insert(pipeline: Pipeline, rows: Sequence[tuple[int, str, str, int]]) -> None:
    """By hand: with the ORM's bulk_create, 100,000 items took four times as long."""
    columns = ", ".join(f'"{name}"' for name in (*_GIVEN, *_AT_FIRST))
    marks = f"({', '.join([*['%s'] * len(_GIVEN), *_AT_FIRST.values()])})"
    values = ", ".join([marks] * len(rows))
    key = _key(pipeline)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO jobs_pipelineitem ({columns}) VALUES {values}",  # noqa: S608
            [value for row in rows for value in (key, *row)],
        )


def _key(pipeline: Pipeline) -> Any:
    return Pipeline._meta.pk.get_db_prep_value(pipeline.pk, connection)
