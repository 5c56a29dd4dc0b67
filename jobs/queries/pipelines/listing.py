"""The list of pipelines, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from jobs.models import Pipeline, PipelineItem

_PAGE = 20


@dataclass(frozen=True, slots=True)
class Line:
    """A pipeline as the list shows it."""

    pipeline: Pipeline
    done: int
    failed: int
    cancelled: int

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.cancelled

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.pipeline.total

    @property
    def state(self) -> str:
        return state_of(self.pipeline)


@dataclass(frozen=True, slots=True)
class PipelinePage:
    """Some pipelines, and where the older ones begin."""

    lines: Sequence[Line]
    older: datetime | None


def list_pipelines(*, before: datetime | None = None, size: int = _PAGE) -> PipelinePage:
    """The newest pipelines, or those from before a moment."""
    rows = Pipeline.objects.order_by("-created_at", "id")
    if before:
        rows = rows.filter(created_at__lt=before)
    found = list(rows[: size + 1])
    shown = found[:size]
    older = shown[-1].created_at if len(found) > size else None
    return PipelinePage([_line(pipeline) for pipeline in shown], older)


def state_of(pipeline: Pipeline) -> str:
    """In the words of jobs, so that the same marks stand for the same: derived, never stored."""
    if pipeline.finished_at is None:
        return "cancelling" if pipeline.cancelled_at else "running"
    if pipeline.cancelled_at and pipeline.cancelled:
        return "cancelled"
    return "failed" if pipeline.failed and not pipeline.done else "succeeded"


def _line(pipeline: Pipeline) -> Line:
    """Those that ended have their counts written; the others are counted over an index."""
    if pipeline.finished_at:
        return Line(pipeline, pipeline.done, pipeline.failed, pipeline.cancelled)
    states = ("done", "failed", "cancelled")
    counts = PipelineItem.objects.filter(pipeline=pipeline, state__in=states).aggregate(
        **{state: Count("pk", filter=Q(state=state)) for state in states}
    )
    return Line(pipeline, **counts)
