"""Where a pipeline stands, in sentences. Pure."""

import math
from datetime import datetime, timedelta

from jobs.models import Pipeline
from jobs.queries.pipelines.progress import Progress
from jobs.queries.sentences import clock, count_of, spell


def headline(pipeline: Pipeline, progress: Progress, now: datetime) -> str:
    """The whole sentence for the page of a pipeline."""
    if pipeline.finished_at:
        return _ended(pipeline, progress)
    counts = _counts(progress)
    if pipeline.cancelled_at:
        return f"{_by(pipeline)}: what runs is being stopped. {counts}"
    if pipeline.held_until:
        return f"{counts} {holding(pipeline, now)}"
    if not (progress.running or progress.ended or progress.again):
        return f"{count_of(progress.total, 'picture')} to make. Waiting for a free worker."
    idle = not progress.running and progress.waiting > progress.again
    pace = "Waiting for a free worker." if idle else _pace(progress)
    return " ".join(filter(None, (counts, pace, _again(progress))))


def left_out(pipeline: Pipeline) -> str:
    """How many addresses were not counted because they stood there already."""
    if not pipeline.repeated:
        return ""
    if pipeline.repeated == 1:
        return "1 line that repeated an address was left out."
    return f"{pipeline.repeated:,} lines that repeated an address were left out."


def holding(pipeline: Pipeline, now: datetime) -> str:
    """Why nothing is uploaded for now."""
    if pipeline.held_until is None:
        return ""
    next_try = clock(pipeline.held_until, now, seconds=True)
    return (
        f"The destination takes nothing: {pipeline.held_reason} Nothing is lost; it is tried "
        f"again at {next_try}, and everything goes on by itself once it answers."
    )


def _ended(pipeline: Pipeline, progress: Progress) -> str:
    if pipeline.finished_at is None:
        return ""
    took = spell(pipeline.finished_at - pipeline.created_at)
    if pipeline.cancelled_at and progress.cancelled:
        return f"{_by(pipeline)} after {took}. {_counts(progress)}"
    if progress.failed == progress.cancelled == 0:
        whole = "The picture is" if progress.total == 1 else f"All {progress.total:,} pictures are"
        return f"{whole} done. It took {took}."
    return f"It took {took}. {_counts(progress)}"


def _by(pipeline: Pipeline) -> str:
    return f"Cancelled by {pipeline.cancelled_by}" if pipeline.cancelled_by else "Cancelled"


def _counts(progress: Progress) -> str:
    parts = [f"{progress.done:,} of {count_of(progress.total, 'picture')} done"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.cancelled:
        parts.append(f"{progress.cancelled:,} cancelled")
    return f"{', '.join(parts)}."


def _pace(progress: Progress) -> str:
    left = progress.seconds_left
    if left is None:
        return ""
    rate = progress.per_second
    pace = f"{rate:.1f} a second" if rate >= 1 else f"{rate * 60:.0f} a minute"
    return f"{pace}, about {spell(timedelta(seconds=math.ceil(left)))} left."


def _again(progress: Progress) -> str:
    if not progress.again:
        return ""
    verb = "waits" if progress.again == 1 else "wait"
    return f"{progress.again:,} {verb} for another try."
