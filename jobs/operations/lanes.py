"""Lanes: who may go, in order, and how many at a time."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from jobs.models import Job, Lane
from jobs.states import UNFINISHED, State, WaitingFor


def make_lanes(lanes: Iterable[Lane]) -> None:
    """Write the rows of lanes that are used for the first time; the others stay as they are."""
    Lane.objects.bulk_create(lanes, ignore_conflicts=True)


def change_lane(
    key: str, *, width: int, rate_count: int | None = None, rate_seconds: float | None = None
) -> bool:
    """Change the limits of a lane, for the jobs that wait in it too. False if there is none."""
    changed = Lane.objects.filter(key=key).update(
        width=width, rate_count=rate_count, rate_seconds=rate_seconds
    )
    return changed == 1


@transaction.atomic
def admit(keys: Collection[str], *, now: datetime) -> list[Job]:
    """Let the next jobs of these lanes go, as far as there is room.

    Returns the rows that are queued by it, to be published; those that the rate makes wait are
    published when they come due. The lock on the lane's row makes two workers take turns. It
    belongs into the transaction that ended a job, or right after the commit of a submit.
    """
    waiting = Job.objects.filter(state=State.SCHEDULED, waiting_for=WaitingFor.LANE, lane__in=keys)
    busy = sorted(set(waiting.values_list("lane", flat=True)))
    queued: list[Job] = []
    for lane in Lane.objects.select_for_update().filter(key__in=busy).order_by("key"):
        queued += _admit(lane, now)
    return queued


def _admit(lane: Lane, now: datetime) -> list[Job]:
    on_the_way = Job.objects.filter(lane=lane.key, in_turn=True, state__in=UNFINISHED)
    free = lane.width - on_the_way.count()
    if free <= 0:
        return []
    line = Job.objects.filter(state=State.SCHEDULED, waiting_for=WaitingFor.LANE, lane=lane.key)
    ids = list(line.order_by("created_at", "id").values_list("id", flat=True)[:free])
    at_once = [id for id in ids if _takes_its_start(lane, id, now)]
    Job.objects.filter(id__in=at_once).update(
        state=State.QUEUED, waiting_for="", in_turn=True, published_at=now
    )
    return list(Job.objects.filter(id__in=at_once).order_by("created_at", "id"))


def _takes_its_start(lane: Lane, id: str, now: datetime) -> bool:
    """Whether the rate lets it go now; else it is put down for the moment when it does."""
    if lane.rate_count is None or lane.rate_seconds is None:
        return True
    start = max(now, lane.next_start_at or now)
    lane.next_start_at = start + timedelta(seconds=lane.rate_seconds / lane.rate_count)
    Lane.objects.filter(key=lane.key).update(next_start_at=lane.next_start_at)
    if start <= now:
        return True
    Job.objects.filter(id=id).update(waiting_for=WaitingFor.RATE, run_at=start, in_turn=True)
    return False


def lanes_with_room(*, limit: int = 500) -> list[str]:
    """Lanes in which jobs wait and might go: what a crash right after a commit left behind."""
    waiting = Job.objects.filter(state=State.SCHEDULED, waiting_for=WaitingFor.LANE)
    return list(waiting.order_by().values_list("lane", flat=True).distinct()[:limit])


def lanes_of(ids: Collection[str]) -> set[str]:
    """The lanes that these jobs belong to."""
    return set(Job.objects.filter(id__in=ids).exclude(lane="").values_list("lane", flat=True))
