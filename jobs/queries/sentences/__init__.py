"""A row in words: `why` is the whole sentence for the page of one job, `note` its shortest form."""

from jobs.queries.sentences.note import note
from jobs.queries.sentences.spans import ago, clock, count_of, spell, until
from jobs.queries.sentences.why import Facts, why

__all__ = ["Facts", "ago", "clock", "count_of", "note", "spell", "until", "why"]
