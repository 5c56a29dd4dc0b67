"""Laps: chunks are cut, run, and what is left is cut anew until nothing is."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.engine.context import Snoozed
from jobs.models import Batch, Job, Node, Pipeline
from jobs.operations.pipelines import claim
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import DestinationDown, Failure
from tests.integration.pipeline_runs import done, failed, fresh, run_chunks, states

pytestmark = pytest.mark.django_db


def test_a_pipeline_is_a_batch_of_chunk_jobs(start, settings):
    settings.HACHI_PIPELINE_CHUNK = 2
    pipeline = fresh(start(5))
    jobs = Job.objects.filter(batch_id=pipeline.batch)
    assert jobs.count() == 3
    assert set(jobs.values_list("task", "requested_by")) == {("jobs.run_pipeline_chunk", "ann")}
    assert Batch.objects.get(pk=pipeline.batch).closed_at is not None
    assert pipeline.items.count() == 5
    names = list(pipeline.items.values_list("name", flat=True))
    assert len(set(names)) == 5
    assert names[0].startswith(f"{pipeline.folder}/000001-1-")


def test_chunks_are_cut_for_the_workers_that_live(start):
    now = timezone.now()
    for number, seen in enumerate((now, now, now - timedelta(hours=1))):
        Node.objects.create(
            id=str(number),
            kind="worker",
            name="w",
            pid=1,
            concurrency=2,
            started_at=now,
            seen_at=seen,
        )
    pipeline = fresh(start(400))
    assert Job.objects.filter(batch_id=pipeline.batch).count() == 4


def test_every_item_ends_and_the_counts_are_written(start, chunk_runs, settings):
    settings.HACHI_PIPELINE_CHUNK = 2
    chunk_runs.ends = lambda item: failed(item) if item.number == 3 else done(item)
    pipeline = start(5)
    assert run_chunks(pipeline) == "finished"
    assert states(pipeline) == ["done", "done", "failed", "done", "done"]
    row = fresh(pipeline)
    assert (row.done, row.failed, row.cancelled) == (4, 1, 0)
    assert row.finished_at is not None
    item = pipeline.items.get(number=3)
    assert (item.reason, item.stage, item.detail) == ("not_found", "download", "It did not work.")


def test_what_may_pass_waits_for_another_lap_and_fails_in_the_end(start, chunk_runs):
    chunk_runs.ends = lambda item: (
        failed(item, Failure.BUSY, worth_retrying=True) if item.number == 1 else done(item)
    )
    pipeline = start(3)
    assert run_chunks(pipeline) == "1 chunk more"
    item = pipeline.items.get(number=1)
    assert (item.state, item.reason, item.lap) == ("waiting", "busy", 2)
    assert item.due_at > timezone.now()
    job = Job.objects.get(batch_id=fresh(pipeline).batch)
    assert (job.state, job.waiting_for) == ("scheduled", "time")
    assert run_chunks(pipeline) == "finished"
    assert states(pipeline) == ["failed", "done", "done"]
    assert chunk_runs.ran == [1, 2, 3, 1]


def test_a_chunk_that_runs_again_does_only_what_is_not_done(start, chunk_runs):
    pipeline = start(4)

    def dies(item):
        if item.number == 3:
            raise MemoryError
        return done(item)

    chunk_runs.ends = dies
    with pytest.raises(MemoryError):
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert states(pipeline) == ["done", "done", "waiting", "waiting"]
    chunk_runs.ends = done
    assert pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0) == {"done": 2, "failed": 0}
    assert chunk_runs.ran == [1, 2, 3, 3, 4]


def test_a_destination_that_is_down_makes_chunks_wait_and_spends_nothing(start, chunk_runs):
    pipeline = start(3)

    def down_at_two(item):
        if item.number == 2:
            raise DestinationDown("unreachable", "Nobody answers there.")
        return done(item)

    chunk_runs.ends = down_at_two
    with pytest.raises(Snoozed):
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert states(pipeline) == ["done", "waiting", "waiting"]
    assert set(pipeline.items.filter(state="waiting").values_list("attempt")) == {(0,)}
    held = fresh(pipeline)
    assert (held.held_times, held.held_reason) == (1, "Nobody answers there.")
    chunk_runs.ran.clear()
    with pytest.raises(Snoozed):  # it is still left alone
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert chunk_runs.ran == []
    Pipeline.objects.update(held_until=timezone.now())
    chunk_runs.ends = done
    pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert states(pipeline) == ["done"] * 3
    assert (fresh(pipeline).held_until, fresh(pipeline).held_times) == (None, 0)


def test_a_chunk_that_cannot_begin_says_why_and_can_be_retried(start, chunk_runs, settings):
    pipeline = start(2)
    known = settings.HACHI_PIPELINE_DESTINATIONS
    settings.HACHI_PIPELINE_DESTINATIONS = {"other": {"storage": "results"}}
    assert run_chunks(pipeline) == "finished"
    assert "There is no destination 'local'" in pipeline.items.first().detail
    settings.HACHI_PIPELINE_DESTINATIONS = known
    tasks.retry_pipeline(pipeline.pk, by="ben")
    default_storage.delete(pipeline.template.file)
    run_chunks(pipeline)
    assert "The template's file is gone" in pipeline.items.first().detail


def test_a_pipeline_whose_jobs_fail_before_they_begin_comes_to_an_end(start, chunk_runs):
    pipeline = start(2)
    laps = 0
    while not fresh(pipeline).finished_at:
        tasks.settle_pipeline(str(pipeline.pk), fresh(pipeline).lap)
        laps += 1
    assert laps == claim.MOST_ATTEMPTS
    assert states(pipeline) == ["failed", "failed"]


def test_a_chunk_that_died_for_good_leaves_its_items_to_the_next_lap(start, chunk_runs):
    pipeline = start(3)
    claim.take(pipeline.pk, 1, 0, hand=None, now=timezone.now())  # and dies
    assert tasks.settle_pipeline(str(pipeline.pk), 1) == "1 chunk more"
    assert tasks.settle_pipeline(str(pipeline.pk), 1) == "finished"  # a second call of it
    assert fresh(pipeline).lap == 2
    assert run_chunks(pipeline) == "finished"
    assert states(pipeline) == ["done"] * 3
    assert set(pipeline.items.values_list("crashes")) == {(1,)}
