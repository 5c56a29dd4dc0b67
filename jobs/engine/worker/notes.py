"""What the ledger is told, and what it tells the consumer."""

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


@dataclass(slots=True)
class Settled:
    """What came of a batch of notes, once it is committed."""

    won: list[JobRequest] = field(default_factory=list)
    #: Duplicates, and jobs that are finished, cancelled, expired or somebody else's.
    lost: list[JobRequest] = field(default_factory=list)
    done: list[JobRequest] = field(default_factory=list)
    #: The ids of those whose start was written.
    begun: set[str] = field(default_factory=set)
