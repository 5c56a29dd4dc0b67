"""A chunk whose database is away, or read-only for a moment, while it works."""

import pytest
from django.db import DataError, InternalError, OperationalError, connection

from jobs.engine.retries.retrying import verdict_on
from jobs.operations.pipelines import outcomes
from jobs.tasks import chunk_ledger, pipeline_chunks
from jobs.tasks import pipelines as tasks
from tests.integration.pipeline_runs import run_chunks, states


@pytest.fixture
def broken(monkeypatch, chunk_runs):
    """The next writes of outcomes end with these errors. No session is closed in a test's."""
    errors = []

    def note_outcomes(*args, **kwargs):
        if errors:
            raise errors.pop()
        return real(*args, **kwargs)

    real = outcomes.note_outcomes
    monkeypatch.setattr(outcomes, "note_outcomes", note_outcomes)
    monkeypatch.setattr(chunk_ledger.connection, "close", lambda: None)
    return errors


def read_only():
    error = InternalError("cannot execute UPDATE in a read-only transaction")
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": "25006"})()
    return error


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), read_only()], ids=repr)
def test_outcomes_that_cannot_be_written_now_are_written_later(start, broken, error):
    pipeline = start(3)
    broken.append(error)
    assert run_chunks(pipeline) == "finished"
    assert states(pipeline) == ["done"] * 3
    assert set(pipeline.items.values_list("attempt", flat=True)) == {1}


@pytest.mark.django_db
def test_an_error_that_is_no_outage_ends_the_run(start, broken):
    pipeline = start(1)
    broken.append(DataError("too long"))
    with pytest.raises(DataError):
        run_chunks(pipeline)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no failover")
def test_a_chunk_lives_through_a_server_that_is_read_only_for_a_moment(start, chunk_runs):
    ends = chunk_runs.ends

    def demoted(item):
        if item.number == 2:  # this session alone; the next one may write again
            with connection.cursor() as cursor:
                cursor.execute("SET default_transaction_read_only = on")
        return ends(item)

    chunk_runs.ends = demoted
    pipeline = start(3)
    try:
        assert run_chunks(pipeline) == "finished"
    finally:
        connection.close()  # or what cleans up after the test could not write
    assert states(pipeline) == ["done"] * 3


@pytest.mark.parametrize("task", [pipeline_chunks.run_pipeline_chunk, tasks.settle_pipeline])
def test_the_jobs_of_a_pipeline_are_tried_again_when_the_database_was_read_only(task):
    assert verdict_on(task, "job", {}, read_only()).wait is not None
    assert verdict_on(task, "job", {}, DataError("too long")) is None


def test_a_chunk_is_tried_six_times_and_the_end_of_a_lap_for_ever():
    sixth = {"retries": 5}
    assert verdict_on(pipeline_chunks.run_pipeline_chunk, "job", sixth, read_only()).wait is None
    assert verdict_on(tasks.settle_pipeline, "job", {"retries": 999}, read_only()).wait is not None
