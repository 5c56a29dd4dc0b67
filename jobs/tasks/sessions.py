"""Clean up what is over: sessions, temporary files, finished jobs."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from jobs.engine.context import check_cancelled, progress
from jobs.operations.cleanup import (
    ExpiredSessions,
    FinishedBatches,
    FinishedBulkActions,
    FinishedChords,
    FinishedJobs,
    OrphanedUploads,
)
from jobs.operations.old_lanes import OldLanes
from jobs.operations.pipelines.cleanup import KeptDownloads, OldPipelines, OldSteps
from jobs.operations.pipelines.old_templates import OldTemplates
from jobs.states import State
from jobs.tasks.destinations import sweep_results
from jobs.work.sessions import remove_old_files

BATCH = 1_000
#: No new batch is begun after this long; the next run goes on.
RUN_SECONDS = 45.0
KEEP_FILES = timedelta(days=1)

#: What is counted, in the words of the result.
SUBJECTS = (
    *("sessions", "files", "jobs", "batches", "chords", "lanes"),
    *("downloads", "pipelines", "templates"),
)

#: Deletes up to so many and says how many it deleted.
Delete = Callable[[int], int]


@shared_task(name="jobs.cleanup_old_sessions", soft_time_limit=120, time_limit=150)
def cleanup_old_sessions() -> dict[str, Any]:
    """Delete expired sessions, old temporary files, finished jobs and pipelines, bit by bit.

    Does as much as fits into its time; "more" says that something was left for the next run.
    """
    now = timezone.now()
    until = time.monotonic() + RUN_SECONDS
    counts: dict[str, Any] = {**dict.fromkeys(SUBJECTS, 0), "more": False}
    for subject, delete in _sweeps(now):
        while time.monotonic() < until:
            check_cancelled()
            deleted = delete(BATCH)
            counts[subject] += deleted
            progress(sum(counts[subject] for subject in SUBJECTS))
            if deleted < BATCH:
                break
        else:
            counts["more"] = True
    return counts


def _sweeps(now: datetime) -> list[tuple[str, Delete]]:
    succeeded = now - timedelta(days=settings.HACHI_KEEP_SUCCEEDED_DAYS)
    failed = now - timedelta(days=settings.HACHI_KEEP_FAILED_DAYS)
    downloads = now - timedelta(days=settings.HACHI_PIPELINE_KEEP_DOWNLOADS_DAYS)
    pipelines = now - timedelta(days=settings.HACHI_KEEP_PIPELINES_DAYS)
    return [
        ("sessions", ExpiredSessions(now).delete),
        ("files", lambda limit: _delete_files(now, limit)),
        ("files", OrphanedUploads(now).delete),
        ("jobs", FinishedJobs({State.SUCCEEDED}, succeeded).delete),
        ("jobs", FinishedJobs({State.FAILED, State.CANCELLED}, failed).delete),
        ("downloads", KeptDownloads(downloads, sweep=sweep_results).delete),
        ("downloads", OldSteps(min(downloads, now - KEEP_FILES)).delete),
        ("pipelines", OldPipelines(pipelines).delete),
        ("templates", OldTemplates(pipelines).delete),
        ("batches", FinishedBatches(min(succeeded, failed)).delete),
        ("batches", FinishedBulkActions(min(succeeded, failed)).delete),
        ("chords", FinishedChords(min(succeeded, failed)).delete),
        ("lanes", OldLanes(min(succeeded, failed), now=now).delete),
    ]


def _delete_files(now: datetime, limit: int) -> int:
    # Not set means the machine's own folder, where others keep their files too.
    if not settings.FILE_UPLOAD_TEMP_DIR:
        return 0
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    return remove_old_files(folder, before=now - KEEP_FILES, limit=limit)
