"""What a list of jobs is asked for, and the place in it where a page begins."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from django.db.models import Q

from jobs.models import Job
from jobs.queries.jobs import hot
from jobs.states import State

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs; what is empty does not narrow."""

    state: State | None = None
    task: str = ""
    queue: str = ""
    lane: str = ""
    batch: str = ""
    schedule: str = ""
    #: An error fingerprint: failures of one cause.
    cause: str = ""
    #: Found in the id, the task, or the error.
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def as_q(self) -> Q:
        """The filter as a condition."""
        condition = Q()
        if self.state:
            condition &= hot.OF_STATE.get(self.state) or Q(state=self.state)
        exact = {
            "task": self.task,
            "queue": self.queue,
            "batch_id": self.batch,
        }
        condition &= Q(**{column: value for column, value in exact.items() if value})
        if self.cause:
            condition &= Q(error_fingerprint=self.cause) & hot.WITH_CAUSE
        if self.lane:
            condition &= Q(lane=self.lane) & hot.OF_A_LANE
        if self.schedule:
            condition &= Q(schedule=self.schedule) & hot.OF_A_SCHEDULE
        if self.text:
            condition &= _mentions(self.text)
        if self.since:
            condition &= Q(created_at__gte=self.since)
        if self.until:
            condition &= Q(created_at__lte=self.until)
        return condition

    def as_json(self) -> dict[str, str]:
        """What narrows, as it is kept: `from_json` reads it."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in found.items()
            if value
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        found = dict(data)
        for name in ("since", "until"):
            if name in found:
                found[name] = datetime.fromisoformat(found[name])
        if "state" in found:
            found["state"] = State(found["state"])
        return cls(**found)


def _mentions(text: str) -> Q:
    return (
        Q(id__startswith=text)
        | Q(task__icontains=text)
        | Q(error_type__icontains=text)
        | Q(error_message__icontains=text)
    )


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list, newest first: right at the job that was created then, with this id."""

    created_at: datetime
    id: str

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(job.created_at, job.id)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read what `str` wrote; None for anything else."""
        micros, separator, pk = text.partition("_")
        if not separator or not micros.isdecimal() or len(micros) > 17:
            return None
        return cls(_EPOCH + timedelta(microseconds=int(micros)), pk)

    def __str__(self) -> str:
        return f"{(self.created_at - _EPOCH) // timedelta(microseconds=1)}_{self.id}"

    def older(self) -> Q:
        # The outer bound is for the index, the inner one for jobs of one microsecond.
        return Q(created_at__lte=self.created_at) & (
            Q(created_at__lt=self.created_at) | Q(id__lt=self.id)
        )

    def newer(self) -> Q:
        return Q(created_at__gte=self.created_at) & (
            Q(created_at__gt=self.created_at) | Q(id__gt=self.id)
        )
