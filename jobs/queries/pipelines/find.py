"""One pipeline, one of its items, one template."""

from collections.abc import Sequence
from uuid import UUID

from jobs.errors import HachiError
from jobs.models import Pipeline, PipelineItem, PipelineTemplate


class PipelineNotFound(HachiError):
    """There is no such pipeline."""


def find_pipeline(id: UUID) -> Pipeline:
    """The pipeline, with its template. Raises PipelineNotFound."""
    found = Pipeline.objects.select_related("template").filter(pk=id).first()
    if found is None:
        raise PipelineNotFound
    return found


def find_item(pipeline: UUID, number: int) -> PipelineItem | None:
    """The item of this number."""
    rows = PipelineItem.objects.select_related("pipeline")
    return rows.filter(pipeline=pipeline, number=number).first()


def find_template(digest: str) -> PipelineTemplate | None:
    """The template with this digest."""
    if not digest.isalnum():  # a NUL, for one, is nothing that PostgreSQL looks for
        return None
    return PipelineTemplate.objects.filter(pk=digest).first()


def recent_templates(limit: int = 24) -> Sequence[PipelineTemplate]:
    """Those that may be chosen again, newest first."""
    return list(PipelineTemplate.objects.order_by("-created_at", "digest")[:limit])
