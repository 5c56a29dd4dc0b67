"""What is paused, and which pauses concern a job. The table has a handful of rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from jobs.models import Job, Pause
from jobs.queries.sentences import clock, paused


@dataclass(frozen=True, slots=True)
class PauseRow:
    """A pause as pages and commands show it."""

    kind: str
    value: str
    #: Who paused it, when, why, and until when, in a sentence.
    text: str


def active_pauses(now: datetime) -> Sequence[Pause]:
    """The pauses whose time is not over, the oldest first."""
    lasting = Q(until__isnull=True) | Q(until__gt=now)
    return list(Pause.objects.filter(lasting).order_by("created_at", "id"))


def find_pause(kind: str, value: str) -> Pause | None:
    """The pause of this queue, task or lane."""
    # PostgreSQL takes no NUL, so nothing with one is paused.
    known = "\0" not in kind + value
    return Pause.objects.filter(kind=kind, value=value).first() if known else None


def pause_rows(now: datetime) -> Sequence[PauseRow]:
    """The pauses whose time is not over, in words."""
    return [PauseRow(row.kind, row.value, _text(row, now)) for row in active_pauses(now)]


def concerning(job: Job, pauses: Sequence[Pause]) -> Sequence[Pause]:
    """Those of `pauses` that hold `job`."""
    own = {("queue", job.queue), ("task", job.task), ("lane", job.lane)}
    return [pause for pause in pauses if (pause.kind, pause.value) in own]


def _text(pause: Pause, now: datetime) -> str:
    text = paused(pause, now)
    text = text[:1].upper() + text[1:] if not pause.paused_by else text
    ends = f" It ends by itself at {clock(pause.until, now)}." if pause.until else ""
    return f"{text}.{ends}"
