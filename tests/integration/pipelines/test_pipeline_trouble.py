"""Pipelines whose hosts, workers, people and retention come in the way."""

import threading
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.storage import default_storage
from django.utils import timezone

from jobs.engine.context import Snoozed
from jobs.errors import JobCancelled
from jobs.models import Job, Pipeline
from jobs.operations.pipelines import claim, outcomes
from jobs.operations.pipelines.claim import Hand
from jobs.operations.pipelines.cleanup import ORIGINALS, OldPipelines
from jobs.operations.pipelines.retry import UNDONE, NothingToRetry
from jobs.tasks import pipeline_chunks
from jobs.tasks import pipelines as tasks
from jobs.work.pipeline import Failure, Flow, Halted, Originals, StorageDestination
from tests.integration.pipeline_runs import done, failed, fresh, run_chunks, states
from tests.unit.jobs.work.servers import serving

pytestmark = pytest.mark.django_db


def test_a_server_that_asks_for_patience_gets_it(start, chunk_runs):
    chunk_runs.ends = lambda item: failed(
        item, Failure.BUSY, worth_retrying=True, retry_after=300.0
    )
    pipeline = start(1)
    run_chunks(pipeline)
    wait = pipeline.items.get().due_at - timezone.now()
    assert 290 < wait.total_seconds() <= 300


def test_a_run_that_was_killed_for_its_time_counts_as_a_death(start):
    pipeline = start(2)
    job = Job.objects.get(batch_id=fresh(pipeline).batch)
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(state="running", attempt=1, worker="w", started_at=now)
    claim.take(pipeline.pk, 1, 0, hand=Hand(job.pk, 1, "w"), now=now)
    Job.objects.filter(pk=job.pk).update(
        state="failed",
        worker="",
        finished_at=now,
        error_type="TimeLimitExceeded",
        error_message="960",
    )
    assert tasks.settle_pipeline(str(pipeline.pk), 1) == "1 chunk more"
    [taken] = claim.take(pipeline.pk, 2, 0, hand=None, now=now)
    assert {item.crashes for item in taken.items} == {1}


def test_a_worker_that_dies_or_stops_spends_no_try(start, chunk_runs):
    pipeline = start(1)
    claim.take(pipeline.pk, 1, 0, hand=None, now=timezone.now())  # and dies
    chunk_runs.ends = lambda item: failed(item, Failure.SERVER_ERROR, worth_retrying=True)
    assert run_chunks(pipeline) == "1 chunk more"
    assert pipeline.items.get().tries == 1
    assert run_chunks(pipeline) == "finished"
    assert pipeline.items.get().reason == "server_error"


def test_a_server_that_only_asks_for_patience_is_asked_again_for_longer(start, chunk_runs):
    chunk_runs.ends = lambda item: failed(item, Failure.BUSY, worth_retrying=True, retry_after=40.0)
    pipeline = start(1)
    laps = 1
    while run_chunks(pipeline) != "finished":
        laps += 1
    assert laps == outcomes.MOST_PATIENT_TRIES > outcomes.MOST_TRIES
    assert pipeline.items.get().reason == "busy"


def test_one_server_that_asks_for_patience_delays_no_other(start, chunk_runs):
    chunk_runs.ends = lambda item: failed(
        item,
        Failure.BUSY,
        worth_retrying=True,
        retry_after=590.0 if item.number == 2 else None,
    )
    pipeline = start(4)
    assert run_chunks(pipeline) == "2 chunks more"
    chunks = dict(pipeline.items.values_list("number", "chunk"))
    assert chunks == {1: 0, 2: 1, 3: 0, 4: 0}
    soon, late = Job.objects.filter(batch_id=fresh(pipeline).batch).order_by("run_at")
    assert soon.run_at < timezone.now() + timedelta(seconds=60) < late.run_at


def test_a_cancel_does_not_wait_for_a_destination_that_hangs(start, monkeypatch):
    class Hanging:
        halted = threading.Event()
        closed = False

        def check(self):
            self.let_go = self.halted.wait(30)
            raise Halted

        def halt(self):
            self.halted.set()

        def close(self):
            self.closed = True

    place = Hanging()
    monkeypatch.setattr(pipeline_chunks, "open_destination", lambda name: place)
    monkeypatch.setattr(pipeline_chunks, "check_cancelled", _raise_cancelled)
    pipeline = start(1)
    Pipeline.objects.update(held_until=timezone.now())
    with pytest.raises(JobCancelled):
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert place.let_go  # not waited for to its end
    assert place.closed


def _raise_cancelled():
    raise JobCancelled


def test_a_chunk_that_has_run_long_enough_goes_on_later(start, settings, monkeypatch):
    """With the real chunk, which looks far ahead, and a host that answers nobody in time."""
    settings.HACHI_FETCH_ALLOW_LOOPBACK = True
    settings.HACHI_PIPELINE_HOST_CONCURRENCY = 1
    settings.HACHI_PIPELINE_HOST_INTERVAL = 0.3
    monkeypatch.setattr(pipeline_chunks, "RUN_SECONDS", 1.0)
    with serving(lambda talk: talk.answer(404)) as server:
        pipeline = start(urls=[server.url(f"/{n}.jpg") for n in range(40)])
        with pytest.raises(Snoozed):
            pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert 1 <= states(pipeline).count("failed") <= 8
    assert set(pipeline.items.exclude(state="failed").values_list("state", "attempt", "tries")) == {
        ("waiting", 0, 0)
    }


def test_a_run_at_its_limit_of_time_spends_nothing_if_it_got_anywhere(start, chunk_runs):
    pipeline = start(3)

    def too_long_at(number):
        def ends(item):
            if item.number == number:
                raise SoftTimeLimitExceeded
            return done(item)

        return ends

    chunk_runs.ends = too_long_at(2)
    with pytest.raises(Snoozed):
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert list(pipeline.items.values_list("state", "attempt")) == [
        ("done", 1),
        ("waiting", 0),
        ("waiting", 0),
    ]
    with pytest.raises(SoftTimeLimitExceeded):  # or it would go on for ever
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert set(pipeline.items.exclude(state="done").values_list("state", "attempt")) == {
        ("waiting", 1)
    }


def test_what_a_run_that_died_had_kept_of_finished_pictures_is_cleared_up(start, monkeypatch):
    def keeps(items, recipe, destination, policy, *, stop, tell, originals, gate):
        for item in items:
            originals.keep(item.url, b"the download")
        tell([done(item) for item in items], Flow())
        raise SystemExit  # killed right after its outcomes were written

    pipeline = start(1)
    url = pipeline.items.get().url
    originals = Originals(StorageDestination(default_storage), f"{ORIGINALS}/{pipeline.pk}")
    with monkeypatch.context() as dying:
        dying.setattr(pipeline_chunks, "run_chunk", keeps)
        dying.setattr(Originals, "forget", lambda *_: None)
        with pytest.raises(SystemExit):
            pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert (states(pipeline), originals.find(url)) == (["done"], b"the download")
    job = Job.objects.get(batch_id=fresh(pipeline).batch)
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        state="running", attempt=2, worker="heir", started_at=now, crashes=1
    )
    monkeypatch.setattr(pipeline_chunks, "_hand", lambda: Hand(job.pk, 2, "heir"))
    pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    assert originals.find(url) is None


def test_what_was_kept_before_a_cancel_is_used_when_it_goes_on(start, monkeypatch):
    found = []

    def keeps_and_is_cancelled(items, recipe, destination, policy, *, stop, tell, originals, gate):
        for item in items:
            found.append(originals.find(item.url))
            originals.keep(item.url, b"the download")
        if found == [None]:
            tasks.cancel_pipeline(pipeline.pk, by="ben")
            raise JobCancelled
        tell([done(item) for item in items], Flow())

    monkeypatch.setattr(pipeline_chunks, "run_chunk", keeps_and_is_cancelled)
    pipeline = start(1)
    with pytest.raises(JobCancelled):
        pipeline_chunks.run_pipeline_chunk(str(pipeline.pk), 1, 0)
    tasks.settle_pipeline(str(pipeline.pk), 1)
    assert states(pipeline) == ["cancelled"]
    tasks.retry_pipeline(pipeline.pk, UNDONE, by="ben")
    run_chunks(pipeline)
    assert found == [None, b"the download"]


def test_what_is_downloaded_again_is_forgotten_once(start, chunk_runs):
    chunk_runs.ends = failed
    pipeline = start(1)
    run_chunks(pipeline)
    tasks.retry_pipeline(pipeline.pk, download_again=True, by="ben")
    assert pipeline.items.get().download_again
    run_chunks(pipeline)
    assert not pipeline.items.get().download_again


def test_a_pipeline_that_retention_has_begun_to_delete_is_not_retried(start, chunk_runs):
    chunk_runs.ends = failed
    pipeline = start(4)
    run_chunks(pipeline)
    old = OldPipelines(timezone.now() + timedelta(hours=1))
    assert old.delete(2) == 2
    with pytest.raises(NothingToRetry):
        tasks.retry_pipeline(pipeline.pk, by="ben")
    assert fresh(pipeline).finished_at is not None
    assert old.delete(10) == 3
    assert not Pipeline.objects.exists()


def test_a_pipeline_that_is_retried_is_not_deleted(start, chunk_runs):
    chunk_runs.ends = failed
    pipeline = start(4)
    run_chunks(pipeline)
    old = OldPipelines(timezone.now() + timedelta(hours=1))
    seen = old.pipelines.get()
    tasks.retry_pipeline(pipeline.pk, by="ben")
    assert old._delete_items(seen, 2) == 1
    assert pipeline.items.count() == 4
