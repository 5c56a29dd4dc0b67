"""A row in words: `why` is the whole sentence for the page of one job, `note` its shortest form."""

from jobs.queries.sentences.facts import Facts
from jobs.queries.sentences.notes import note
from jobs.queries.sentences.reasons import why
from jobs.queries.sentences.spans import ago, clock, compared, count_of, spell, until
from jobs.queries.sentences.turns import paused

__all__ = [
    "Facts",
    "ago",
    "clock",
    "compared",
    "count_of",
    "note",
    "paused",
    "spell",
    "until",
    "why",
]
