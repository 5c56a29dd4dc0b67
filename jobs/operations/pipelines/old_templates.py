"""Delete templates that nobody needs: no pipeline that is kept has them, and they are old."""

from datetime import datetime

from django.core.files.storage import Storage, default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from jobs.models import Pipeline, PipelineTemplate


class OldTemplates:
    """Templates that were last uploaded before a moment, and that no pipeline has."""

    def __init__(self, before: datetime, storage: Storage = default_storage) -> None:
        self.before, self.storage = before, storage

    def delete(self, limit: int) -> int:
        digests = self._unused().order_by("created_at").values_list("pk", flat=True)[:limit]
        return sum(self._delete(digest) for digest in list(digests))

    def _unused(self) -> QuerySet[PipelineTemplate]:
        used = Pipeline.objects.filter(template=OuterRef("pk"))
        return PipelineTemplate.objects.filter(~Exists(used), created_at__lt=self.before)

    @transaction.atomic
    def _delete(self, digest: str) -> int:
        """One of them: a pipeline that starts with it just now, or an upload of it, holds its row.

        The file goes first: a row without a file is mended by the next upload or cleanup, and an
        upload that waits for this row finds neither.
        """
        rows = PipelineTemplate.objects.filter(pk=digest, created_at__lt=self.before)
        row = rows.select_for_update(skip_locked=True).first()
        # Asked again with the lock: a start may have ended since the list was made.
        if row is None or Pipeline.objects.filter(template=row).exists():
            return 0
        self.storage.delete(row.file)
        row.delete()
        return 1
