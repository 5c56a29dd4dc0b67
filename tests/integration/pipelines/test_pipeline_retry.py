"""A person retries: what failed, what was cancelled, or all of it."""

import pytest

from jobs.models import Job
from jobs.operations.pipelines.retry import ALL, FAILED, UNDONE, NotFinished, NothingToRetry
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import Failure, Flow, Stage
from tests.integration.pipeline_runs import done, failed, fresh, run_chunks, states

pytestmark = pytest.mark.django_db


def test_only_what_failed_is_retried_and_keeps_its_download(start, chunk_runs):
    chunk_runs.ends = lambda item: (
        failed(item, Failure.REJECTED, Stage.UPLOAD, original="kept/1")
        if item.number == 1
        else failed(item)
        if item.number == 2
        else done(item)
    )
    pipeline = start(3)
    with pytest.raises(NotFinished):
        tasks.retry_pipeline(pipeline.pk, by="ben")
    run_chunks(pipeline)
    assert tasks.retry_pipeline(pipeline.pk, reason="rejected", by="ben") == 1
    assert states(pipeline) == ["waiting", "failed", "done"]
    assert pipeline.items.get(number=1).original == "kept/1"
    assert fresh(pipeline).finished_at is None
    assert Job.objects.get(batch_id=fresh(pipeline).batch).requested_by == "ben"
    chunk_runs.ends = done
    chunk_runs.ran.clear()
    run_chunks(pipeline)
    assert chunk_runs.ran == [1]
    assert tasks.retry_pipeline(pipeline.pk, FAILED, download_again=True, by="ben") == 1
    run_chunks(pipeline)
    assert states(pipeline) == ["done"] * 3
    with pytest.raises(NothingToRetry):
        tasks.retry_pipeline(pipeline.pk, by="ben")


@pytest.mark.parametrize(("download_again", "kept"), [(False, True), (True, False)])
def test_a_kept_download_is_used_by_a_retry_unless_it_is_to_be_downloaded_again(
    start, monkeypatch, download_again, kept
):
    found = []

    def keeps_and_fails(items, recipe, destination, policy, *, stop, tell, originals, gate):
        for item in items:
            found.append(originals.find(item.url))
            name = originals.keep(item.url, b"the download")
            tell([failed(item, Failure.REJECTED, Stage.UPLOAD, original=name)], Flow())

    monkeypatch.setattr(pipeline_chunks, "run_chunk", keeps_and_fails)
    pipeline = start(2)
    run_chunks(pipeline)
    tasks.retry_pipeline(pipeline.pk, download_again=download_again, by="ben")
    run_chunks(pipeline)
    assert found == [None, None, *[b"the download" if kept else None] * 2]


def test_what_was_cancelled_can_be_gone_on_with_and_all_can_be_run_again(start, chunk_runs):
    pipeline = start(3)
    tasks.cancel_pipeline(pipeline.pk, by="ben")
    assert tasks.retry_pipeline(pipeline.pk, UNDONE, by="ben") == 3
    run_chunks(pipeline)
    row = fresh(pipeline)
    assert (row.done, row.cancelled_at) == (3, None)
    names = set(pipeline.items.values_list("name"))
    assert tasks.retry_pipeline(pipeline.pk, ALL, by="ben") == 3
    run_chunks(pipeline)
    assert set(pipeline.items.values_list("name")) == names
