"""Lanes: who may go, in order, and how many at a time."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef

from jobs.models import Job, Lane
from jobs.operations.rates import Limits, limits_of, note_starts, put_off
from jobs.operations.submit import Ready
from jobs.states import State, WaitingFor

logger = logging.getLogger(__name__)

#: A lane that is deleted while it is asked for is new the next time: nobody deletes it so soon.
_MOST_ROUNDS = 3


def make_lanes(lanes: Iterable[Lane]) -> None:
    """Write the rows of lanes that are used for the first time; the others stay as they are.

    None of them is deleted before the transaction ends, so call it in the one that writes their
    jobs: cleanup (operations.old_lanes) cannot see those yet.
    """
    new = {lane.key: lane for lane in lanes}
    if connection.vendor != "postgresql":  # SQLite lets one transaction write at a time
        Lane.objects.bulk_create(new.values(), ignore_conflicts=True)
        return
    for _ in range(_MOST_ROUNDS):
        for (key,) in _fetch(_KEPT, [list(new)]):
            del new[key]
        if not new:
            return
        Lane.objects.bulk_create(new.values(), ignore_conflicts=True)


#: As a foreign key would do it: it waits for a deletion alone, and none but that waits for it. A
#: lane that is there costs this one statement, and no more than the INSERT that would meet it.
_KEPT = "SELECT key FROM jobs_lane WHERE key = ANY(%s) FOR KEY SHARE"


@transaction.atomic
def admit(keys: Collection[str], *, now: datetime) -> list[Ready]:
    """Let the next jobs of these lanes go, as far as there is room.

    Returns those that are queued by it, to be published; those that the rate makes wait are
    published when they come due. The lock on the lane's row makes two workers take turns. It
    belongs into the transaction that ended a job, or right after the commit of a submit.

    It takes a handful of statements, however many lanes there are and however long their lines.
    """
    line = Job.objects.in_line().filter(lane=OuterRef("key"))
    # No key: a submit of the same lanes, in a transaction however long, is not waited for.
    locked = Lane.objects.select_for_update(no_key=True)
    busy = locked.filter(Exists(line), key__in=keys).order_by("key")
    lanes = limits_of(busy.values_list(*Limits.__slots__))
    first = _first_in_line(_room(lanes)) if lanes else []
    if not first:
        return []
    starts = [(id, lanes[key].take_start(now)) for id, key in first]
    put_off([(id, start) for id, start in starts if start > now])
    note_starts({key: lanes[key] for _, key in first})
    at_once = [id for id, start in starts if start <= now]
    # Somebody may have cancelled one of them since: then the next turn lets in another.
    waiting = Job.objects.in_line().filter(id__in=at_once)
    waiting.update(state=State.QUEUED, waiting_for="", in_turn=True, published_at=now)
    ready = Job.objects.unclaimed().filter(id__in=at_once, in_turn=True)
    return [Ready(*row) for row in ready.order_by("created_at", "id").values_list(*Ready.__slots__)]


#: The head of a line, for a lane and a number.
_NEXT = (
    "SELECT {} FROM jobs_job WHERE state = 'scheduled' AND waiting_for = 'lane' "
    "AND lane = {} ORDER BY created_at, id LIMIT {}"
)


def _room(lanes: Mapping[str, Limits]) -> dict[str, int]:
    """How many jobs each lane may let go; lanes that are full are left out."""
    on_the_way = Job.objects.in_turn().filter(lane__in=lanes).order_by().values_list("lane")
    taken = dict(on_the_way.annotate(number=Count("*")))
    free = {key: lane.width - taken.get(key, 0) for key, lane in lanes.items()}
    return {key: number for key, number in free.items() if number > 0}


def _first_in_line(room: Mapping[str, int]) -> list[tuple[str, str]]:
    """The ids and lanes of those who go next, in order within each lane."""
    if not room:
        return []
    if connection.vendor == "postgresql":
        marks = ", ".join(["(%s::text, %s::integer)"] * len(room))
        line = _NEXT.format("id, created_at", "room.lane", "room.free")
        return _fetch(
            f"SELECT next.id, room.lane FROM (VALUES {marks}) room(lane, free) "  # noqa: S608
            f"CROSS JOIN LATERAL ({line}) next ORDER BY room.lane, next.created_at, next.id",
            [value for pair in room.items() for value in pair],
        )
    # SQLite has no LATERAL. Most lanes have room for one: those are still one statement.
    single = [key for key, free in room.items() if free == 1]
    first = []
    if single:
        marks = ", ".join(["(%s)"] * len(single))
        head = _NEXT.format("id", "room.lane", "1")
        sql = f"WITH room(lane) AS (VALUES {marks}) SELECT ({head}), lane FROM room"  # noqa: S608
        first += [row for row in _fetch(sql, single) if row[0]]
    for key, free in room.items():
        if free > 1:
            first += _fetch(_NEXT.format("id, lane", "%s", "%s"), [key, free])
    return first


def _fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def line_up(*, now: datetime, limit: int = 1_000) -> set[str]:
    """Jobs of lanes whose time has come go and wait for their turn. Returns their lanes."""
    due = Job.objects.due(now).filter(in_turn=False).exclude(lane="")
    rows = list(due.values_list("id", "lane")[:limit])
    if rows:
        due.filter(id__in=[id for id, _ in rows]).update(waiting_for=WaitingFor.LANE)
    return {lane for _, lane in rows}


#: One look into an index a lane, however long its line. SELECT DISTINCT would read them all.
_WITH_ROOM = """
WITH RECURSIVE waiting(lane, number) AS (
  SELECT (SELECT lane FROM jobs_job WHERE state = 'scheduled' AND waiting_for = 'lane'
          AND lane > %s ORDER BY lane LIMIT 1), 1
  UNION ALL
  SELECT (SELECT later.lane FROM jobs_job later WHERE later.state = 'scheduled'
          AND later.waiting_for = 'lane' AND later.lane > waiting.lane
          ORDER BY later.lane LIMIT 1), number + 1
  FROM waiting WHERE lane IS NOT NULL AND number < %s
)
SELECT waiting.lane, COALESCE(jobs_lane.width, 1) > (
         SELECT COUNT(*) FROM jobs_job ahead
          WHERE ahead.in_turn AND ahead.finished_at IS NULL AND ahead.lane = waiting.lane),
       jobs_lane.key IS NULL
  FROM waiting LEFT JOIN jobs_lane ON jobs_lane.key = waiting.lane
 WHERE waiting.lane IS NOT NULL ORDER BY waiting.number
"""


def lanes_with_room(*, after: str = "", limit: int = 500, now: datetime) -> tuple[list[str], str]:
    """Lanes in which jobs wait that could go: what a crash right after a commit left behind.

    Looks at `limit` lanes from the one called `after` on; returns those, and where the next look
    begins. A lane whose row is gone (somebody deleted it by hand) gets one of width 1, or its jobs
    would wait for ever.
    """
    rows = _fetch(_WITH_ROOM, [after, limit])
    if gone := [key for key, _, is_gone in rows if is_gone]:
        logger.error("Lanes without a row let one job through at a time from now on: %s", gone)
        make_lanes([Lane(key=key, created_at=now, used_at=now) for key in gone])
    reached = rows[-1][0] if len(rows) == limit else ""
    return [key for key, has_room, _ in rows if has_room], reached


def lanes_of(ids: Collection[str]) -> set[str]:
    """The lanes that these jobs belong to."""
    return set(Job.objects.filter(id__in=ids).exclude(lane="").values_list("lane", flat=True))
