from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.engine.actions.batch_actions import cancel_batch
from jobs.engine.context import Snoozed
from jobs.errors import ClaimLost, JobCancelled
from jobs.models import Batch, Job, Node, Pipeline, PipelineItem
from jobs.operations.pipelines import claim, outcomes
from jobs.operations.pipelines.claim import Hand
from jobs.operations.pipelines.outcomes import Noted
from jobs.operations.pipelines.retry import ALL, FAILED, UNDONE, NotFinished, NothingToRetry
from jobs.queries.pipelines import causes_of, csv_rows, list_pipelines, progress_of
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import DestinationDown, Failure, Flow, Stage
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


def test_a_chunk_that_died_for_good_leaves_its_items_to_the_next_lap(start, chunk_runs):
    pipeline = start(3)
    claim.take(pipeline.pk, 1, 0, hand=None, now=timezone.now())  # and dies
    assert tasks.settle_pipeline(str(pipeline.pk), 1) == "1 chunk more"
    assert tasks.settle_pipeline(str(pipeline.pk), 1) == "finished"  # a second call of it
    assert fresh(pipeline).lap == 2
    assert run_chunks(pipeline) == "finished"
    assert states(pipeline) == ["done"] * 3
    assert set(pipeline.items.values_list("crashes")) == {(1,)}


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


def test_progress_tells_what_each_stage_has_behind_it(start, chunk_runs):
    ends = {
        1: lambda item: failed(item),
        2: lambda item: failed(item, Failure.BROKEN_IMAGE, Stage.COMPOSE),
        3: lambda item: failed(item, Failure.REJECTED, Stage.UPLOAD),
        4: lambda item: failed(item, Failure.BUSY, worth_retrying=True),
    }
    chunk_runs.ends = lambda item: ends.get(item.number, done)(item)
    pipeline = start(10)
    run_chunks(pipeline)
    found = progress_of(fresh(pipeline), timezone.now())
    assert (found.done, found.failed, found.waiting, found.again) == (6, 3, 1, 1)
    assert [(s.stage, s.passed, s.failed) for s in found.stages] == [
        ("download", 8, 1),
        ("compose", 7, 1),
        ("upload", 6, 1),
    ]
    assert found.per_second > 0
    assert found.seconds_left > 0
    causes = causes_of(pipeline)
    assert {(c.reason, c.number) for c in causes} == {
        ("not_found", 1),
        ("broken_image", 1),
        ("rejected", 1),
    }
    assert causes[0].examples
    [line] = list_pipelines().lines
    assert (line.done, line.failed, line.ended) == (6, 3, 9)


def test_the_csv_has_every_address_and_no_formula(start, chunk_runs):
    chunk_runs.ends = lambda item: failed(item) if item.number == 2 else done(item)
    pipeline = start(3)
    run_chunks(pipeline)
    PipelineItem.objects.filter(number=2).update(detail="=1+1")
    rows = list(csv_rows(pipeline))
    assert [row[2] for row in rows] == ["done", "failed", "done"]
    assert rows[1][5] == "'=1+1"
    assert rows[0][6] == pipeline.items.get(number=1).name
