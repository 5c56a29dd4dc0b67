"""What the ledger is told, and what it tells the consumer."""

from dataclasses import dataclass, field
from datetime import datetime

from jobs.engine.endings import Ending
from jobs.engine.request import JobRequest


@dataclass(frozen=True, slots=True)
class Offer:
    """A message has come."""

    request: JobRequest


@dataclass(frozen=True, slots=True)
class Start:
    """The pool has begun an attempt."""

    request: JobRequest
    at: datetime


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


Note = Offer | Start | End | TakenBack


@dataclass(slots=True)
class Settled:
    """What came of a batch of notes, once it is committed."""

    won: list[JobRequest] = field(default_factory=list)
    #: Duplicates, and jobs that are finished, cancelled, expired or somebody else's.
    lost: list[JobRequest] = field(default_factory=list)
    done: list[JobRequest] = field(default_factory=list)
