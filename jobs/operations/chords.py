"""Chords: count the ends of a group's jobs; exactly one process sees the last."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db.models import F

from jobs.models import Chord, Job
from jobs.states import FINAL


def open_chord(id: str, *, header: str, body: str, now: datetime) -> None:
    """Write a chord before the jobs of its header are submitted."""
    chord = Chord(id=id, header=header, body=body, created_at=now)
    Chord.objects.bulk_create([chord], ignore_conflicts=True)


def set_size(id: str, size: int, *, now: datetime) -> Chord | None:
    """Say how many jobs belong to it. Returns the chord if all of them have ended already."""
    Chord.objects.filter(id=id).update(size=size)
    return _take_complete(id, now)


def count_ended(job_ids: Collection[str], *, now: datetime) -> list[Chord]:
    """Count jobs that have just ended, and return the chords that are complete by it.

    Call it in the transaction that ended them: the row lock of the chord makes two workers that
    end its last two jobs take turns.
    """
    members = Job.objects.filter(id__in=job_ids, state__in=FINAL).exclude(chord="")
    counts = Counter(members.values_list("chord", flat=True))
    complete = []
    for id, count in sorted(counts.items()):
        Chord.objects.filter(id=id).update(ended=F("ended") + count)
        if chord := _take_complete(id, now):
            complete.append(chord)
    return complete


def _take_complete(id: str, now: datetime) -> Chord | None:
    open_ = Chord.objects.filter(id=id, finished_at=None, size__isnull=False, ended__gte=F("size"))
    if open_.update(finished_at=now) == 1:
        return Chord.objects.get(id=id)
    return None
