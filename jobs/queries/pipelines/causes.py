"""Why items failed: grouped by cause, with counts and examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from jobs.models import Pipeline, PipelineItem
from jobs.work.pipeline import Failure

_EXAMPLES = 3
_OWN_WORDS = {
    "crashed": "Ends the process that works on it",
    "given_up": "Begun too often and never ended",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """A class of failures."""

    reason: str
    words: str
    number: int
    #: Some of the items, with their sentences.
    examples: Sequence[PipelineItem]

    @property
    def more(self) -> int:
        return self.number - len(self.examples)


def causes_of(pipeline: Pipeline) -> list[Cause]:
    """The causes, the most frequent first."""
    failed = PipelineItem.objects.filter(pipeline=pipeline, state=PipelineItem.State.FAILED)
    counted = failed.order_by().values_list("reason").annotate(number=Count("pk"))
    ranked = sorted(counted, key=lambda row: (-row[1], row[0]))
    return [
        Cause(reason, words_of(reason), number, _examples(pipeline, reason))
        for reason, number in ranked
    ]


def words_of(reason: str) -> str:
    """A class in a few words."""
    if reason in _OWN_WORDS:
        return _OWN_WORDS[reason]
    try:
        return Failure(reason).words
    except ValueError:
        return reason


def _examples(pipeline: Pipeline, reason: str) -> list[PipelineItem]:
    failed = PipelineItem.objects.filter(
        pipeline=pipeline, state=PipelineItem.State.FAILED, reason=reason
    )
    return list(failed.order_by("number")[:_EXAMPLES])
