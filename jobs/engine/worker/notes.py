"""What the ledger is told, and what it tells the consumer."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jobs.engine.ends.endings import Ending
from jobs.engine.pool.request import JobRequest


@dataclass(frozen=True, slots=True)
class Offer:
    """A message has come."""

    request: JobRequest


@dataclass(frozen=True, slots=True)
class Start:
    """The pool has begun an attempt."""

    request: JobRequest
    at: datetime
    #: The pool has not: it is to begin once this is written.
    before: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """An attempt has ended."""

    request: JobRequest
    ending: Ending


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A claimed job must not begin any more."""

    request: JobRequest
    error_type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that can never run has come."""

    message: Any
    error_type: str
    reason: str


Note = Offer | Start | End | TakenBack | Refused


def apart(batch: Sequence[Note], held: Container[str]) -> tuple[list[Note], list[JobRequest]]:
    """The batch without offers of what this worker has `held` already, and those.

    The claim in the database takes its own earlier claims, for the case that the answer to a
    commit was lost; so it is here that a message that comes twice is told from the first.
    """
    again = [n.request for n in batch if isinstance(n, Offer) and n.request.id in held]
    return [n for n in batch if not isinstance(n, Offer) or n.request.id not in held], again


def is_before(note: Note) -> bool:
    """Whether it is the start of an attempt that has a slot of the pool and waits to begin."""
    return isinstance(note, Start) and note.before


@dataclass(slots=True)
class Settled:
    """What came of a batch of notes, once it is committed."""

    won: list[JobRequest] = field(default_factory=list)
    #: Duplicates, and jobs that are finished, cancelled, expired or somebody else's.
    lost: list[JobRequest] = field(default_factory=list)
    done: list[JobRequest] = field(default_factory=list)
    #: The ids of those whose start was written.
    begun: set[str] = field(default_factory=set)
