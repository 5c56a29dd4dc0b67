"""Somebody holds rows that others need: they wait for a moment, or do without, and do not die."""

import logging
from datetime import timedelta

import pytest
from celery import current_app
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from jobs.engine.session import Session, has_collided, is_away, is_locked
from jobs.engine.worker.dispatcher import Dispatcher
from jobs.models import Job, Node
from jobs.operations import lanes
from jobs.operations.claim import claim
from jobs.operations.submit import Draft, submit

ON_POSTGRES = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


@pytest.fixture
def other():
    """A second session with the database."""
    other = connection.copy("other")
    yield other
    other.close()


def queue(id, **values):
    now = timezone.now()
    submit([Draft(id=id, task="t", queue="q", message="{}")], now=now)
    Job.objects.filter(id=id).update(**values)


def hold(other, table, id):
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} WHERE id = %s FOR UPDATE", [id])


@ON_POSTGRES
@pytest.mark.django_db(transaction=True)
def test_a_turn_leaves_a_row_that_is_held_for_later_and_does_its_other_work(other):
    now = timezone.now()
    queue("late", expires_at=now - timedelta(seconds=1))
    queue("due", state="scheduled", waiting_for="time", run_at=now - timedelta(seconds=1))
    hold(other, "jobs_job", "late")
    Session(lock_timeout="100ms").ensure()
    turn = Dispatcher(current_app, "me", started_at=now).run_once(now)
    assert (turn.due, turn.expired) == (1, 0)
    assert Job.objects.get(id="late").state == "queued"
    other.rollback()
    assert Dispatcher(current_app, "me", started_at=now).run_once(timezone.now()).expired == 1


@ON_POSTGRES
@pytest.mark.django_db(transaction=True)
def test_a_due_row_that_is_held_is_looked_at_once_a_turn_and_not_all_the_time(other):
    now = timezone.now()
    queue("due", state="scheduled", waiting_for="time", run_at=now - timedelta(seconds=1))
    hold(other, "jobs_job", "due")
    dispatcher = Dispatcher(current_app, "me", started_at=now)
    assert dispatcher.run_once(now).due == 0
    assert dispatcher.next_look is None


@ON_POSTGRES
@pytest.mark.django_db(transaction=True)
def test_one_dead_worker_whose_rows_are_held_does_not_keep_the_others_from_their_rescue(
    other, caplog
):
    now = timezone.now()
    for worker in ("a-held", "b-free"):
        silent = now - timedelta(hours=1)
        Node.objects.create(
            id=worker, kind="worker", name=worker, pid=1, started_at=silent, seen_at=silent
        )
        queue(f"job of {worker}")
        claim([f"job of {worker}"], worker=worker, now=now)
    hold(other, "jobs_job", "job of a-held")
    Session(lock_timeout="100ms").ensure()
    with caplog.at_level(logging.WARNING):
        Dispatcher(current_app, "me", started_at=now - timedelta(hours=1)).run_once(now)
    assert "Somebody holds" in caplog.text
    assert Job.objects.get(id="job of b-free").worker == ""
    assert Job.objects.get(id="job of a-held").worker == "a-held"


@ON_POSTGRES
@pytest.mark.django_db(transaction=True)
def test_a_session_that_holds_rows_without_a_word_is_ended_and_that_is_no_fault_of_a_row():
    session = Session(idle_in_transaction_session_timeout="100ms")
    session.ensure()
    with pytest.raises(Exception) as raised, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            backend = connection.connection.info.backend_pid
        _wait_for_the_end_of(backend)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert is_away(raised.value)
    session.forget()
    session.ensure()


def _wait_for_the_end_of(backend):
    own = connection.copy("own")
    try:
        deadline = timezone.now() + timedelta(seconds=20)
        with own.cursor() as cursor:
            while True:
                cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [backend])
                if not cursor.fetchone():
                    return
                assert timezone.now() < deadline
                cursor.execute("SELECT pg_sleep(0.05)")
    finally:
        own.close()


@ON_POSTGRES
@pytest.mark.django_db(transaction=True)
def test_a_server_that_may_not_be_written_to_is_taken_for_one_that_is_away():
    with pytest.raises(Exception) as raised, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        queue("never")
    assert is_away(raised.value)
    assert not is_locked(raised.value)
    assert not has_collided(raised.value)


@pytest.mark.django_db
def test_a_row_that_the_database_refuses_is_no_outage():
    with pytest.raises(Exception) as raised, transaction.atomic():
        Job.objects.create(id="j", run_at=timezone.now(), created_at=timezone.now(), state="lost")
    assert not is_away(raised.value)
    assert is_away(OperationalError("server closed the connection"))


@pytest.mark.django_db
def test_who_was_next_in_a_lane_and_is_cancelled_just_then_stays_cancelled(monkeypatch):
    now = timezone.now()
    lanes.make_lanes([lanes.Lane(key="k", width=2, created_at=now)])
    drafts = [Draft(id=id, task="t", queue="q", message="{}", lane="k") for id in ("one", "two")]
    submit(drafts, now=now)
    look = lanes._first_in_line

    def cancelled_meanwhile(room):
        first = look(room)
        Job.objects.filter(id="one").update(
            state="cancelled", waiting_for="", finished_at=now, error_type="Cancelled"
        )
        return first

    monkeypatch.setattr(lanes, "_first_in_line", cancelled_meanwhile)
    assert [job.id for job in lanes.admit(["k"], now=now)] == ["two"]
    assert Job.objects.get(id="one").state == "cancelled"
