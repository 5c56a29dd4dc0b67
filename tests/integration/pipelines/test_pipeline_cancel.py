"""Cancelling a pipeline: what waits ends at once, and what runs keeps what it did."""

import pytest
from django.utils import timezone

from jobs.engine.actions.batch_actions import cancel_batch
from jobs.errors import JobCancelled
from jobs.models import Job, Pipeline
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from tests.integration.pipeline_runs import done, fresh, states

pytestmark = pytest.mark.django_db


def test_a_cancel_that_broke_off_is_made_whole_by_another(start):
    pipeline = start(2)
    Pipeline.objects.update(cancelled_at=timezone.now(), cancelled_by="ann")
    assert tasks.cancel_pipeline(pipeline.pk, by="ben")
    assert states(pipeline) == ["cancelled"] * 2
    assert fresh(pipeline).cancelled_by == "ann"


def test_cancel_ends_what_waits_at_once_and_finishes_when_nothing_runs(start, settings):
    settings.HACHI_PIPELINE_CHUNK = 2
    pipeline = start(5)
    assert tasks.cancel_pipeline(pipeline.pk, by="ben")
    assert states(pipeline) == ["cancelled"] * 5
    row = fresh(pipeline)
    assert (row.cancelled, row.cancelled_by) == (5, "ben")
    assert row.finished_at
    assert set(Job.objects.filter(batch_id=row.batch).values_list("state")) == {("cancelled",)}
    assert not tasks.cancel_pipeline(pipeline.pk, by="ben")


def test_who_cancels_the_batch_cancels_the_pipeline(start):
    pipeline = start(3)
    cancel_batch(fresh(pipeline).batch, by="ben")
    assert tasks.settle_pipeline(str(pipeline.pk), 1) == "finished"
    row = fresh(pipeline)
    assert (row.cancelled, row.cancelled_by, row.lap) == (3, "ben", 1)


def test_what_runs_when_a_pipeline_is_cancelled_keeps_what_it_did(start, chunk_runs):
    pipeline = start(4)

    def cancelled_at_three(item):
        if item.number == 3:
            tasks.cancel_pipeline(pipeline.pk, by="ben")
            raise JobCancelled
        return done(item)

    chunk_runs.ends = cancelled_at_three
    with pytest.raises(JobCancelled):
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert states(pipeline) == ["done", "done", "cancelled", "cancelled"]
    assert fresh(pipeline).finished_at is None
    assert tasks.settle_pipeline(str(pipeline.pk), 1) == "finished"
    row = fresh(pipeline)
    assert (row.done, row.cancelled) == (2, 2)
