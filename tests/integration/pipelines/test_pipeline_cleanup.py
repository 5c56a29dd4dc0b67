import os
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.models import Pipeline, PipelineItem
from jobs.operations.pipelines.cleanup import (
    ORIGINALS,
    STEPS,
    KeptDownloads,
    OldPipelines,
    OldSteps,
)
from jobs.tasks import pipelines as tasks
from jobs.tasks.destinations import sweep_results
from jobs.work.pipeline import Failure, Originals, Stage, StorageDestination
from tests.integration.pipeline_runs import done, failed, fresh, run_chunks

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(start, chunk_runs):
    """A pipeline of which two items failed at the upload, with their downloads."""

    def kept(item):
        name = default_storage.save(f"kept/{item.number}", ContentFile(b"x"))
        return failed(item, Failure.REJECTED, Stage.UPLOAD, original=name)

    chunk_runs.ends = lambda item: (
        kept(item) if item.number < 3 else done(item, thumbnail=b"x", original="kept/3")
    )
    pipeline = start(4)
    run_chunks(pipeline)
    return pipeline


def swept(sweep, size=1):
    """How many are deleted in all, so many at a time."""
    deleted = []
    while not deleted or deleted[-1] == size:
        deleted.append(sweep.delete(size))
    return sum(deleted)


def test_downloads_are_kept_for_a_retry_and_go_after_their_time(ended):
    now = timezone.now()
    assert swept(KeptDownloads(now - timedelta(hours=1))) == 0
    assert default_storage.exists("kept/1")
    assert swept(KeptDownloads(now + timedelta(hours=1))) == 2
    assert not default_storage.exists("kept/1")
    assert not PipelineItem.objects.exclude(original="").exists()
    assert fresh(ended).keeps_originals is False


def test_what_is_retried_keeps_its_downloads_again(ended):
    swept(KeptDownloads(timezone.now() + timedelta(hours=1)))
    tasks.retry_pipeline(ended.pk, by="ben")
    assert fresh(ended).keeps_originals is True


def test_old_pipelines_go_with_their_items_and_thumbnails(ended, start):
    running = start(2, name="running")
    thumbnail = ended.items.get(number=4).thumbnail
    store = Originals(StorageDestination(default_storage), f"pipelines/originals/{ended.pk}")
    left = store.keep(ended.items.get(number=1).url, b"left by a run that died")
    assert default_storage.exists(thumbnail)
    assert swept(OldPipelines(timezone.now() + timedelta(hours=1)), size=3) == 5
    assert list(Pipeline.objects.all()) == [running]
    assert PipelineItem.objects.count() == 2
    assert not default_storage.exists(thumbnail)
    assert not default_storage.exists(left)


def test_files_between_steps_go_after_some_days(pipeline_folder):
    now = timezone.now()
    old, today = (f"{STEPS}/{day:%Y-%m-%d}" for day in (now - timedelta(days=3), now))
    for folder in (old, today):
        for chain in ("a", "b"):
            default_storage.save(f"{folder}/{chain}/original", ContentFile(b"x"))
    assert swept(OldSteps(now - timedelta(days=1))) == 2
    assert not default_storage.exists(old)
    assert default_storage.exists(f"{today}/a/original")
    assert swept(OldSteps(now - timedelta(days=1))) == 0


def test_downloads_that_no_row_knows_of_go_too(ended, pipeline_folder):
    store = Originals(StorageDestination(default_storage), f"{ORIGINALS}/{ended.pk}")
    names = [store.keep(f"https://example.com/{n}", b"left by a cancel") for n in range(3)]
    part = pipeline_folder / "media" / f"{names[0]}.1.part"
    part.write_bytes(b"left by a kill")
    assert swept(KeptDownloads(timezone.now() + timedelta(hours=1))) == 2 + 4
    assert not (pipeline_folder / "media" / ORIGINALS / str(ended.pk)).exists()
    assert fresh(ended).keeps_originals is False


def test_half_written_results_of_killed_workers_go_with_the_downloads(ended, pipeline_folder):
    folder = pipeline_folder / "results" / ended.folder
    folder.mkdir(parents=True)
    part, whole = folder / ".a.jpg.1.part", folder / "a.jpg"
    for path in (part, whole):
        path.write_bytes(b"half")
        os.utime(path, (0, 0))
    sweep = KeptDownloads(timezone.now() + timedelta(hours=1), sweep=sweep_results)
    swept(sweep)
    assert list(folder.iterdir()) == [whole]
