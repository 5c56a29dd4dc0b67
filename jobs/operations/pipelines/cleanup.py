"""Delete what is over: kept downloads first, whole pipelines later. What was uploaded stays."""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.core.files.storage import Storage, default_storage

from jobs.models import Pipeline, PipelineItem
from jobs.work.pipeline import Originals, StorageDestination

#: Downloads of items that are not done yet, in a folder for each pipeline.
ORIGINALS = "pipelines/originals"
#: Files between the steps of a canvas (jobs.tasks.pipeline), in a folder for each day.
STEPS = "pipelines/steps"


class KeptDownloads:
    """Downloads of pipelines that ended before a moment: nobody has retried them until now."""

    def __init__(self, before: datetime, storage: Storage = default_storage) -> None:
        self.storage = storage
        self.pipelines = Pipeline.objects.filter(finished_at__lt=before, keeps_originals=True)

    def delete(self, limit: int) -> int:
        deleted = 0
        for pipeline in self.pipelines.order_by("finished_at"):
            kept = PipelineItem.objects.filter(pipeline=pipeline).exclude(original="")
            rows = list(kept.order_by("number").values_list("pk", "original")[: limit - deleted])
            _delete_files(self.storage, (name for _, name in rows))
            PipelineItem.objects.filter(pk__in=[pk for pk, _ in rows]).update(original="")
            deleted += len(rows)
            if deleted == limit:
                break
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
        if not items:
            return self.pipelines.filter(pk=pipeline.pk).delete()[0] or 1
        kept = Originals(StorageDestination(self.storage), f"{ORIGINALS}/{pipeline.pk}")
        for item in items:
            if item.thumbnail:
                self.storage.delete(item.thumbnail)
            if item.state != PipelineItem.State.DONE:
                kept.forget(item.url)  # a run that died may have kept it without a note
        PipelineItem.objects.filter(pk__in=[item.pk for item in items]).delete()
        return len(items)


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


def _delete_files(storage: Storage, names: Iterable[str]) -> None:
    for name in names:
        storage.delete(name)
