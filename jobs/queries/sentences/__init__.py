"""A row in words: `why` is the whole sentence for the page of one job, `note` its shortest form."""

from jobs.queries.sentences.notes import note
from jobs.queries.sentences.reasons import Facts, why
from jobs.queries.sentences.spans import ago, clock, count_of, spell, until

__all__ = ["Facts", "ago", "clock", "count_of", "note", "spell", "until", "why"]
