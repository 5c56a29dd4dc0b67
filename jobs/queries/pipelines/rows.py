"""Items as rows: the newest results, what is worked on now, and all of them as CSV."""

import csv
from collections.abc import Iterator, Sequence

from jobs.models import Job, Pipeline, PipelineItem
from jobs.queries.pipelines.causes import words_of
from jobs.states import State

HEADER = (
    *("number", "url", "state", "stage", "reason", "detail"),
    *("name", "width", "height", "bytes", "downloaded_bytes", "attempts", "finished_at"),
)
_SLICE = 2_000
#: A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def newest_done(pipeline: Pipeline, limit: int) -> Sequence[PipelineItem]:
    """The items that were done last, newest first."""
    done = PipelineItem.objects.filter(
        pipeline=pipeline, state=PipelineItem.State.DONE, finished_at__isnull=False
    )
    return list(done.order_by("-finished_at", "-number")[:limit])


def list_items(
    pipeline: Pipeline, *, state: str = "", reason: str = "", after: int = 0, size: int
) -> Sequence[PipelineItem]:
    """Items in order, on from the one numbered `after`."""
    rows = PipelineItem.objects.filter(pipeline=pipeline, number__gt=after)
    if state:
        rows = rows.filter(state=state)
    if reason:
        rows = rows.filter(reason=reason)
    return list(rows.order_by("number")[:size])


def running_chunks(pipeline: Pipeline, limit: int = 8) -> Sequence[Job]:
    """The jobs that work on it now."""
    running = Job.objects.filter(batch_id=pipeline.batch, state=State.RUNNING)
    return list(running.defer("message", "result").order_by("started_at", "id")[:limit])


class _Echo:
    """A file for the csv module that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(pipeline: Pipeline) -> Iterator[str]:
    """The lines of the CSV, one after the other: no more than a slice is in memory."""
    writer = csv.writer(_Echo())
    yield str(writer.writerow(HEADER))
    for row in csv_rows(pipeline):
        yield str(writer.writerow(row))


def csv_rows(pipeline: Pipeline) -> Iterator[tuple[str, ...]]:
    """Every item in order, a slice at a time in memory."""
    last = 0
    while True:
        rows = PipelineItem.objects.filter(pipeline=pipeline, number__gt=last).order_by("number")
        items = list(rows[:_SLICE])
        yield from (_cells(item) for item in items)
        if len(items) < _SLICE:
            return
        last = items[-1].number


def _cells(item: PipelineItem) -> tuple[str, ...]:
    values = (
        item.number,
        item.url,
        item.state,
        item.stage,
        item.reason,
        item.detail or (words_of(item.reason) if item.reason else ""),
        item.name if item.state == PipelineItem.State.DONE else "",
        item.width,
        item.height,
        item.output_bytes,
        item.original_bytes,
        item.attempt,
        item.finished_at.isoformat(timespec="seconds") if item.finished_at else "",
    )
    return tuple(_harmless("" if value is None else str(value)) for value in values)


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
