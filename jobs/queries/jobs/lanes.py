"""A lane as it stands: its limits, and who is in it."""

from dataclasses import dataclass
from datetime import datetime

from jobs.models import Job, Lane
from jobs.queries.sentences import ago, count_of


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane as pages, commands and programs show it."""

    key: str
    width: int
    #: As it is asked for, such as "10/s"; empty without one.
    rate: str
    #: Jobs that have their turn and are not done, and jobs that wait for it.
    on_the_way: int
    waiting: int
    created_at: datetime
    #: Who changed its limits last; empty if they are as its first job asked for them.
    changed_by: str
    changed_at: datetime | None
    #: All of it in a sentence or two.
    text: str


def find_lane(key: str, now: datetime) -> LaneRow | None:
    """The lane called `key`, if a job has named it."""
    # PostgreSQL takes no NUL, so no lane has one.
    lane = None if "\0" in key else Lane.objects.filter(key=key).first()
    if lane is None:
        return None
    on_the_way = Job.objects.in_turn().filter(lane=key).count()
    waiting = Job.objects.in_line().filter(lane=key).count()
    return LaneRow(
        key=lane.key,
        width=lane.width,
        rate=_rate(lane),
        on_the_way=on_the_way,
        waiting=waiting,
        created_at=lane.created_at,
        changed_by=lane.changed_by,
        changed_at=lane.changed_at,
        text=_text(lane, on_the_way, waiting, now),
    )


_UNITS = {1.0: "s", 60.0: "m", 3600.0: "h"}


def _rate(lane: Lane) -> str:
    if lane.rate_count is None or lane.rate_seconds is None:
        return ""
    return f"{lane.rate_count}/{_UNITS.get(lane.rate_seconds, f'{lane.rate_seconds:g}s')}"


def _text(lane: Lane, on_the_way: int, waiting: int, now: datetime) -> str:
    rate = f", and {_rate(lane)} start" if lane.rate_count else ""
    text = f"Lane {lane.key} lets {count_of(lane.width, 'job')} be on their way at a time{rate}."
    text += f" {on_the_way:,} on the way, {waiting:,} waiting."
    if lane.changed_at:
        text += f" Changed by {lane.changed_by or 'code'} {ago(lane.changed_at, now)} ago."
    return text
