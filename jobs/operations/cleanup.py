"""Cleanup: delete what is over, a batch per call and per transaction.

Each class is one sweep. `delete(limit)` deletes at most `limit` and says how many; fewer than that
means that there is no more.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from uuid import UUID

from django.contrib.sessions.models import Session
from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef

from jobs.models import Batch, BulkAction, Chord, Job, Picture
from jobs.operations.pictures import ORIGINALS
from jobs.states import State

#: Uploads whose row was never committed are looked for among those of the days before.
ORPHAN_DAYS = 8


class ExpiredSessions:
    """Django's sessions that have run out."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def delete(self, limit: int) -> int:
        expired = Session.objects.filter(expire_date__lt=self.now).order_by("expire_date")
        return Session.objects.filter(pk__in=expired.values("pk")[:limit]).delete()[0]


class FinishedJobs:
    """Jobs that ended in one of `states` before a moment, with their attempts and log lines.

    Members of a batch stay until it has finished, so that its counts and its retries are whole.
    """

    def __init__(self, states: Collection[State], before: datetime) -> None:
        running = Batch.objects.filter(id=OuterRef("batch_id"), finished_at=None)
        self.ended = Job.objects.filter(~Exists(running), state__in=states, finished_at__lt=before)
        self._reached: datetime | None = None

    def delete(self, limit: int) -> int:
        """Oldest first, on from where the last batch ended: what is kept is passed over once.

        The rows are locked first: one that a person retries in this moment is not deleted.
        """
        rest = self.ended
        if self._reached is not None:
            rest = rest.filter(finished_at__gte=self._reached)
        with transaction.atomic():
            rows = list(
                rest.order_by("finished_at")
                .select_for_update(skip_locked=True)
                .values_list("pk", "finished_at")[:limit]
            )
            # Only the key is read: a message may have a megabyte.
            Job.objects.filter(pk__in=[pk for pk, _ in rows]).only("pk").delete()
        if rows:
            self._reached = rows[-1][1]
        return len(rows)


class FinishedBatches:
    """Batches that finished before a moment and have no member any more."""

    def __init__(self, before: datetime) -> None:
        members = Job.objects.filter(batch_id=OuterRef("id"))
        self.over = Batch.objects.filter(~Exists(members), finished_at__lt=before)

    def delete(self, limit: int) -> int:
        with transaction.atomic():
            rows = self.over.order_by("finished_at").select_for_update(skip_locked=True)
            ids = list(rows.values_list("id", flat=True)[:limit])
            Batch.objects.filter(id__in=ids).delete()
        return len(ids)


class FinishedChords:
    """Chords that came to their end before a moment, and whose group has no job any more.

    While it has one, a chord that is begun anew (its chain runs again) must find that it was over.
    """

    def __init__(self, before: datetime) -> None:
        group = Job.objects.exclude(group="").filter(group=OuterRef("id"))
        self.over = Chord.objects.filter(~Exists(group), finished_at__lt=before)

    def delete(self, limit: int) -> int:
        with transaction.atomic():
            rows = self.over.order_by("finished_at").select_for_update(skip_locked=True)
            ids = list(rows.values_list("id", flat=True)[:limit])
            Chord.objects.filter(id__in=ids).delete()
        return len(ids)


class FinishedBulkActions:
    """Bulk actions that came to their end before a moment."""

    def __init__(self, before: datetime) -> None:
        self.over = BulkAction.objects.filter(finished_at__lt=before)

    def delete(self, limit: int) -> int:
        ids = list(self.over.order_by("asked_at").values_list("id", flat=True)[:limit])
        return BulkAction.objects.filter(id__in=ids).delete()[0]


class OrphanedUploads:
    """Stored uploads without a picture: their transaction was rolled back, or the process died."""

    def __init__(self, now: datetime, storage: Storage = default_storage) -> None:
        self.storage = storage
        # Not of today and yesterday: that transaction may not have been committed yet.
        days = [now.astimezone(UTC) - timedelta(days=back) for back in range(2, 2 + ORPHAN_DAYS)]
        self._folders = [f"{ORIGINALS}/{day:%Y-%m-%d}" for day in days]
        self._names: list[str] = []

    def delete(self, limit: int) -> int:
        deleted = 0
        while deleted < limit and (batch := self._next(limit - deleted)):
            for name in self._without_picture(batch):
                self.storage.delete(name)
                deleted += 1
        return deleted

    def _next(self, limit: int) -> list[str]:
        while not self._names and self._folders:
            self._names = self._listed(self._folders.pop())
        batch, self._names = self._names[:limit], self._names[limit:]
        return batch

    def _listed(self, folder: str) -> list[str]:
        try:
            return [f"{folder}/{name}" for name in self.storage.listdir(folder)[1]]
        except FileNotFoundError:
            return []

    def _without_picture(self, names: list[str]) -> list[str]:
        ids = {name: found for name in names if (found := _picture_id(name)) is not None}
        known = set(Picture.objects.filter(pk__in=ids.values()).values_list("pk", flat=True))
        return [name for name, picture_id in ids.items() if picture_id not in known]


def _picture_id(name: str) -> UUID | None:
    try:
        return UUID(PurePosixPath(name).stem)
    except ValueError:
        return None  # not a name of ours: somebody else's file
