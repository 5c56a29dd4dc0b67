"""How far a pipeline is: by state, by stage, by the minute."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from jobs.models import Pipeline, PipelineItem
from jobs.queries.pipelines.at_work import at_work

#: The pace is that of the last so many seconds.
PACE_SECONDS = 30
_STAGES = ("download", "compose", "upload")
_WORDS = {"download": "Downloaded", "compose": "Composed", "upload": "Uploaded"}


@dataclass(frozen=True, slots=True)
class StageProgress:
    """One stage: how many items have it behind them, are at it, and failed at it.

    The first and the last are counted over rows, so they change when an item ends. `now` is what
    the chunks say.
    """

    stage: str
    words: str
    passed: int
    failed: int
    now: int
    total: int

    @property
    def percent(self) -> int:
        return 100 * self.passed // self.total

    @property
    def failed_percent(self) -> float:
        return 100 * self.failed / self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The counts of a pipeline, which add up to its total."""

    total: int
    waiting: int
    running: int
    done: int
    failed: int
    cancelled: int
    #: Waiting items that failed once and are tried again.
    again: int
    stages: Sequence[StageProgress]
    #: Items that ended in each second, lately; 0 if nothing ended.
    per_second: float

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.cancelled

    @property
    def percent(self) -> int:
        return 100 * self.ended // self.total

    @property
    def seconds_left(self) -> float | None:
        """At the pace of now; None if there is none."""
        left = self.total - self.ended
        return left / self.per_second if self.per_second and left else None


def progress_of(pipeline: Pipeline, now: datetime) -> Progress:
    """Counted now, over an index."""
    counts = _counts(pipeline)
    states = Counter[str]()
    for (state, _, _), number in counts.items():
        states[state] += number
    return Progress(
        total=pipeline.total,
        waiting=states["waiting"],
        running=states["running"],
        done=states["done"],
        failed=states["failed"],
        cancelled=states["cancelled"],
        again=sum(n for (state, _, reason), n in counts.items() if state == "waiting" and reason),
        stages=_stages(counts, at_work(pipeline), pipeline.total),
        per_second=_pace(pipeline, now),
    )


def _counts(pipeline: Pipeline) -> dict[tuple[str, str, str], int]:
    rows = PipelineItem.objects.filter(pipeline=pipeline).order_by()
    found = rows.values_list("state", "stage", "reason").annotate(number=Count("pk"))
    return {(state, stage, reason): number for state, stage, reason, number in found}


def _stages(
    counts: Mapping[tuple[str, str, str], int], now: Mapping[str, int], total: int
) -> list[StageProgress]:
    """Whatever failed at a stage, or waits to be tried again there, has those before behind it."""
    found = []
    for at, stage in enumerate(_STAGES):
        later = _STAGES[at + 1 :]
        passed = failed = 0
        for (state, reached, _), number in counts.items():
            if state == "done" or reached in later:
                passed += number
            elif state == "failed" and reached == stage:
                failed += number
        at_it = now.get(stage, 0)
        found.append(StageProgress(stage, _WORDS[stage], passed, failed, at_it, total))
    return found


def _pace(pipeline: Pipeline, now: datetime) -> float:
    if pipeline.finished_at:
        return 0.0
    since = now - timedelta(seconds=PACE_SECONDS)
    ended = PipelineItem.objects.filter(pipeline=pipeline, finished_at__gte=since)
    number = ended.exclude(state=PipelineItem.State.CANCELLED).count()
    begun = max(pipeline.created_at, since)
    return number / max(1.0, (now - begun).total_seconds())
