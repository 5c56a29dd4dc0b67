"""Which run may work on an item, and how often one is begun."""

import pytest
from django.utils import timezone

from jobs.errors import ClaimLost
from jobs.models import Job
from jobs.operations.pipelines import claim, outcomes
from jobs.operations.pipelines.claim import Hand
from jobs.operations.pipelines.outcomes import Noted
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from tests.integration.pipeline_runs import done, fresh, states

pytestmark = pytest.mark.django_db


def test_a_run_that_was_thought_dead_writes_nothing(start):
    pipeline = start(2)
    [zombie] = claim.take(pipeline.pk, 1, 0, hand=None, now=timezone.now())
    [heir] = claim.take(pipeline.pk, 1, 0, hand=None, now=timezone.now())
    noted = [Noted(item, done(item)) for item in zombie.items]
    assert outcomes.note_outcomes(noted, claim=zombie.claim, now=timezone.now()) == 0
    assert outcomes.give_back(zombie.claim) == outcomes.end_cancelled(zombie.claim, now=None) == 0
    assert states(pipeline) == ["running", "running"]
    assert outcomes.note_outcomes(noted, claim=heir.claim, now=timezone.now()) == 2
    assert states(pipeline) == ["done", "done"]


def test_a_run_whose_job_runs_elsewhere_takes_nothing_up(start):
    pipeline = start(2)
    job = Job.objects.get(batch_id=fresh(pipeline).batch)
    Job.objects.filter(pk=job.pk).update(
        state="running", attempt=2, worker="heir", started_at=timezone.now()
    )
    for hand in (Hand(job.pk, 1, "zombie"), Hand(job.pk, 1, "heir"), Hand(job.pk, 2, "zombie")):
        with pytest.raises(ClaimLost):
            claim.take(pipeline.pk, 1, 0, hand=hand, now=timezone.now())
    assert claim.take(pipeline.pk, 1, 0, hand=Hand(job.pk, 2, "heir"), now=timezone.now())
    # Claimed, and its parent has not written the start yet.
    Job.objects.filter(pk=job.pk).update(state="queued", attempt=2, worker="heir")
    assert claim.take(pipeline.pk, 1, 0, hand=Hand(job.pk, 3, "heir"), now=timezone.now())


def test_an_item_whose_process_dies_runs_alone_and_fails_the_third_time(start, chunk_runs):
    pipeline = start(3)
    for _ in range(2):  # two runs die with all of it taken up
        claim.take(pipeline.pk, 1, 0, hand=None, now=timezone.now())
    groups = claim.take(pipeline.pk, 1, 0, hand=None, now=timezone.now())
    assert [(group.claim, len(group.items)) for group in groups] == [("", 1)] * 3
    claim.take_alone(groups[0].items[0], hand=None, now=timezone.now())  # and dies with it
    pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert states(pipeline) == ["failed", "done", "done"]
    assert pipeline.items.get(number=1).reason == "crashed"


def test_a_run_that_was_only_stopped_makes_no_item_suspect(start):
    pipeline = start(2)
    job = Job.objects.get(batch_id=fresh(pipeline).batch)
    for crashes, counted in ((0, 0), (0, 0), (1, 1), (1, 1)):
        Job.objects.filter(pk=job.pk).update(
            state="running", attempt=1, worker="w", started_at=timezone.now(), crashes=crashes
        )
        [taken] = claim.take(pipeline.pk, 1, 0, hand=Hand(job.pk, 1, "w"), now=timezone.now())
        assert {item.crashes for item in taken.items} == {counted}


def test_an_item_is_not_begun_for_ever(start, chunk_runs):
    pipeline = start(1)

    def breaks(item):
        raise RuntimeError

    chunk_runs.ends = breaks
    for _ in range(claim.MOST_ATTEMPTS):
        with pytest.raises(RuntimeError):
            pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), fresh(pipeline).lap, 0)
        tasks.settle_pipeline(str(pipeline.pk), fresh(pipeline).lap)
    pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), fresh(pipeline).lap, 0)
    tasks.settle_pipeline(str(pipeline.pk), fresh(pipeline).lap)
    assert pipeline.items.get().reason == "given_up"
    assert fresh(pipeline).finished_at
