"""Pipelines and templates as JSON."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from jobs.api.answers import absolute, moment
from jobs.models import Pipeline, PipelineTemplate
from jobs.queries.pipelines import Line, causes_of, headline, progress_of, state_of


def template_detail(row: PipelineTemplate) -> dict[str, Any]:
    """A template; its id is what a new pipeline names."""
    return {
        "id": row.digest,
        "name": row.name,
        "content_type": row.content_type,
        "bytes": row.bytes,
        "width": row.width,
        "height": row.height,
    }


def pipeline_line(request: HttpRequest, line: Line) -> dict[str, Any]:
    """A pipeline in a list."""
    pipeline = line.pipeline
    return {
        "id": str(pipeline.pk),
        "url": _url(request, "pipeline", pipeline),
        "name": pipeline.name,
        "state": line.state,
        "total": pipeline.total,
        "done": line.done,
        "failed": line.failed,
        "cancelled": line.cancelled,
        "created_at": moment(pipeline.created_at),
    }


def pipeline_detail(request: HttpRequest, pipeline: Pipeline) -> dict[str, Any]:
    """Everything that a program may want to know of a pipeline."""
    now = timezone.now()
    progress = progress_of(pipeline, now)
    states = ("total", "waiting", "running", "done", "failed", "cancelled")
    return {
        "id": str(pipeline.pk),
        "url": _url(request, "pipeline", pipeline),
        "name": pipeline.name,
        "state": state_of(pipeline),
        "text": headline(pipeline, progress, now),
        "counts": {state: getattr(progress, state) for state in states},
        "repeated": pipeline.repeated,
        "per_second": round(progress.per_second, 2),
        "causes": [_cause(cause) for cause in causes_of(pipeline)],
        "recipe": pipeline.recipe,
        "template": pipeline.template_id,
        "destination": pipeline.destination,
        "folder": pipeline.folder,
        "batch": pipeline.batch,
        "outcomes": _url(request, "pipeline-outcomes", pipeline),
        "created_at": moment(pipeline.created_at),
        "finished_at": moment(pipeline.finished_at),
        "cancelled_at": moment(pipeline.cancelled_at),
        "held_until": moment(pipeline.held_until),
    }


def _cause(cause: Any) -> dict[str, Any]:
    return {
        "reason": cause.reason,
        "words": cause.words,
        "number": cause.number,
        "examples": [item.url for item in cause.examples],
    }


def _url(request: HttpRequest, name: str, pipeline: Pipeline) -> str:
    return absolute(request, reverse(f"api:{name}", args=[pipeline.pk]))
