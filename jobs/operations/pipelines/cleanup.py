"""Delete what is over: kept downloads first, whole pipelines later. What was uploaded stays."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from django.core.files.storage import Storage, default_storage
from django.db import transaction

from jobs.models import Pipeline, PipelineItem

#: Downloads of items that are not done yet, in a folder for each pipeline.
ORIGINALS = "pipelines/originals"
THUMBNAILS = "pipelines/thumbnails"
#: Files between the steps of a canvas (jobs.tasks.pipeline), in a folder for each day.
STEPS = "pipelines/steps"


class KeptDownloads:
    """Downloads of pipelines that ended before a moment: nobody has retried them until now."""

    def __init__(
        self,
        before: datetime,
        storage: Storage = default_storage,
        sweep: Callable[[Pipeline], None] = lambda pipeline: None,
    ) -> None:
        """`sweep` removes what killed processes left half written at the pipeline's destination."""
        self.storage, self.sweep = storage, sweep
        self.pipelines = Pipeline.objects.filter(finished_at__lt=before, keeps_originals=True)

    def delete(self, limit: int) -> int:
        deleted = 0
        for pipeline in self.pipelines.order_by("finished_at"):
            kept = PipelineItem.objects.filter(pipeline=pipeline).exclude(original="")
            rows = list(kept.order_by("number").values_list("pk", "original")[: limit - deleted])
            _delete_files(self.storage, (name for _, name in rows))
            PipelineItem.objects.filter(pk__in=[pk for pk, _ in rows]).update(original="")
            deleted += len(rows)
            # And what no row knows of: of items that were cancelled, and of runs that died.
            deleted += _delete_tree(self.storage, f"{ORIGINALS}/{pipeline.pk}", limit - deleted)
            if deleted >= limit:
                break
            self.sweep(pipeline)
            # A retry in this moment has opened it again, and keeps what comes from now on.
            self.pipelines.filter(pk=pipeline.pk).update(keeps_originals=False)
        return deleted


class OldPipelines:
    """Pipelines that ended before a moment, with their items and thumbnails."""

    def __init__(self, before: datetime, storage: Storage = default_storage) -> None:
        self.storage = storage
        self.pipelines = Pipeline.objects.filter(finished_at__lt=before)

    def delete(self, limit: int) -> int:
        deleted = 0
        while deleted < limit:
            pipeline = self.pipelines.order_by("finished_at").first()
            if pipeline is None:
                break
            deleted += self._delete_items(pipeline, limit - deleted)
        return deleted

    def _delete_items(self, pipeline: Pipeline, limit: int) -> int:
        """Items with their files; once there are none, the pipeline."""
        items = list(PipelineItem.objects.filter(pipeline=pipeline).order_by("number")[:limit])
        if not self._take_away(pipeline, [item.pk for item in items]):
            return 1  # a retry was first
        _delete_files(self.storage, (item.thumbnail for item in items if item.thumbnail))
        if items:
            return len(items)
        # What no row knows of: a run that died may have kept it without a note.
        for folder in (f"{ORIGINALS}/{pipeline.pk}", f"{THUMBNAILS}/{pipeline.pk}"):
            deleted = _delete_tree(self.storage, folder, limit)
            if deleted >= limit:
                return deleted
        return self.pipelines.filter(pk=pipeline.pk).delete()[0] or 1

    @transaction.atomic
    def _take_away(self, pipeline: Pipeline, items: Sequence[int]) -> bool:
        """Delete items, unless somebody has opened the pipeline again. The lock makes a retry wait,
        which then sees that items are missing."""
        if not self.pipelines.select_for_update().filter(pk=pipeline.pk).exists():
            return False
        PipelineItem.objects.filter(pk__in=items).delete()
        return True


class OldSteps:
    """Files between steps, of days before a moment."""

    def __init__(self, before: datetime, storage: Storage = default_storage) -> None:
        self.storage = storage
        self._last = f"{before.astimezone(UTC):%Y-%m-%d}"

    def delete(self, limit: int) -> int:
        deleted = 0
        for day in self._folders(STEPS):
            if day >= self._last:
                continue
            for chain in self._folders(f"{STEPS}/{day}"):
                deleted += self._delete_folder(f"{STEPS}/{day}/{chain}")
                if deleted >= limit:
                    return limit
            self.storage.delete(f"{STEPS}/{day}")
        return deleted

    def _delete_folder(self, folder: str) -> int:
        names = self.storage.listdir(folder)[1]
        _delete_files(self.storage, [*(f"{folder}/{name}" for name in names), folder])
        return len(names) or 1

    def _folders(self, folder: str) -> list[str]:
        try:
            return sorted(self.storage.listdir(folder)[0])
        except FileNotFoundError:
            return []


def _delete_tree(storage: Storage, folder: str, limit: int) -> int:
    """Delete files in a folder and the folders in it, and what is empty by it: at most so many."""
    deleted = 0
    try:
        folders, names = storage.listdir(folder)
    except (FileNotFoundError, NotImplementedError):
        return 0
    for name in folders:
        if deleted >= limit:
            return deleted
        deleted += _delete_tree(storage, f"{folder}/{name}", limit - deleted)
    chosen = names[: limit - deleted]
    _delete_files(storage, (f"{folder}/{name}" for name in chosen))
    if deleted + len(names) < limit:
        with suppress(OSError):  # somebody puts something into it just now
            storage.delete(folder)
    return deleted + len(chosen)


def _delete_files(storage: Storage, names: Iterable[str]) -> None:
    for name in names:
        storage.delete(name)
