"""Lanes that nothing names any more are deleted, and never under the hands of a submit."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs.engine.ids import new_id
from jobs.models import Job, Lane, Pause
from jobs.operations.lanes import admit, lanes_with_room, make_lanes
from jobs.operations.old_lanes import OldLanes
from jobs.operations.submit import Draft, submit
from tests.acceptance import workload

ON_POSTGRES = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)
NOW = datetime(2031, 5, 6, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=7)


def lane(key="k", *, days=8, **columns):
    moment = NOW - timedelta(days=days)
    return Lane.objects.create(key=key, created_at=moment, used_at=moment, **columns)


def job(key="k", *, now=NOW):
    [row] = [Draft(id=new_id(), task="t", queue="q", message="{}", lane=key)]
    submit([row], now=now)
    return row.id


def sweep(limit=10, *, before=BEFORE, now=NOW):
    return OldLanes(before, now=now).delete(limit)


def left():
    return set(Lane.objects.values_list("key", flat=True))


@pytest.mark.django_db
def test_a_lane_goes_when_nothing_names_it_any_more():
    lane("old")
    lane("rate of long ago", rate_count=1, rate_seconds=60, next_start_at=NOW)
    lane("young", days=6)
    assert sweep() == 2
    assert left() == {"young"}


@pytest.mark.django_db
def test_a_lane_that_a_job_names_stays_until_the_job_is_gone():
    lane()
    job()
    Job.objects.update(state="succeeded", waiting_for="", finished_at=BEFORE)
    assert sweep() == 0
    Job.objects.all().delete()
    later = NOW + timedelta(days=8)
    assert sweep(before=later - timedelta(days=7), now=later) == 1


@pytest.mark.django_db
def test_a_lane_that_was_changed_by_hand_stays():
    lane("by ann", changed_by="ann", changed_at=BEFORE)
    lane("by code", changed_at=BEFORE)
    assert sweep() == 0


@pytest.mark.django_db
def test_a_lane_that_is_paused_or_has_a_start_to_come_stays():
    lane("paused")
    lane("far", rate_count=1, rate_seconds=9e5, next_start_at=NOW + timedelta(days=1))
    Pause.objects.create(kind="lane", value="paused", paused_by="ann", created_at=NOW)
    assert sweep() == 0


@pytest.mark.django_db
def test_the_pause_of_a_queue_of_the_same_name_is_not_about_the_lane():
    lane()
    Pause.objects.create(kind="queue", value="k", paused_by="ann", created_at=NOW)
    assert sweep() == 1


@pytest.mark.django_db
def test_lanes_in_use_are_looked_at_once_a_retention_so_that_the_others_get_their_turn():
    for number in range(3):
        lane(f"in use {number}", days=20)
        job(f"in use {number}")
        lane(f"old {number}", days=10)
    assert [sweep(3), sweep(2), sweep(2), sweep(2)] == [0, 2, 1, 0]
    assert left() == {"in use 0", "in use 1", "in use 2"}
    assert set(Lane.objects.values_list("used_at", flat=True)) == {NOW}


@pytest.mark.django_db
def test_the_next_job_that_names_a_deleted_lane_makes_it_anew():
    lane("numbers", width=3)
    assert sweep() == 1
    workload.add.apply_async((1, 2), lane="numbers", lane_width=5)
    assert Lane.objects.get().width == 5


@pytest.mark.django_db
def test_jobs_of_a_lane_whose_row_is_gone_go_one_at_a_time_instead_of_never():
    first, _ = job(), job()
    assert lanes_with_room(now=NOW) == (["k"], "")
    assert [ready.id for ready in admit(["k"], now=NOW)] == [first]
    assert lanes_with_room(now=NOW) == ([], "")
    assert Lane.objects.get().width == 1


@contextmanager
def elsewhere(act):
    """A transaction of another session: `act` is done, and it ends after the block."""
    done, end = Event(), Event()

    def run():
        with transaction.atomic():
            act()
            done.set()
            end.wait(20)
        connection.close()

    thread = Thread(target=run)
    thread.start()
    assert done.wait(10)
    try:
        yield
    finally:
        end.set()
        thread.join(20)


def give_up_after(milliseconds):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, FALSE)", [f"{milliseconds}ms"])


@pytest.fixture
def impatient(transactional_db):
    give_up_after(3_000)
    yield
    give_up_after(0)


def name_it():
    make_lanes([Lane(key="k", width=9, created_at=NOW, used_at=NOW)])
    job()


@ON_POSTGRES
@pytest.mark.usefixtures("impatient")
def test_a_lane_that_a_submit_has_named_and_not_committed_is_passed_over():
    lane()
    with elsewhere(name_it):
        assert sweep() == 0
    assert sweep() == 0
    assert left() == {"k"}


@ON_POSTGRES
@pytest.mark.usefixtures("impatient")
def test_a_submit_that_meets_the_deletion_of_its_lane_makes_it_anew():
    lane()
    submits = Thread(target=lambda: (workload_of("k"), connection.close()))
    with elsewhere(sweep):
        submits.start()
        wait_until_somebody_is_blocked()
    submits.join(20)
    assert Lane.objects.get().width == 9
    assert Job.objects.get().in_turn


def workload_of(key):
    workload.add.apply_async((1, 2), lane=key, lane_width=9)


def wait_until_somebody_is_blocked():
    deadline = timezone.now() + timedelta(seconds=10)
    with connection.cursor() as cursor:
        while timezone.now() < deadline:
            cursor.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_sleep(0.02)")
    raise AssertionError("Nobody waited.")


@ON_POSTGRES
@pytest.mark.usefixtures("impatient")
def test_a_submit_that_commits_while_a_sweep_looks_for_its_lanes_is_seen():
    lane()
    old = OldLanes(BEFORE, now=NOW)
    # It has its snapshot by then, and not yet the lock.
    old.due = old.due.extra(where=["pg_advisory_xact_lock(4711)::text IS NOT NULL"])
    deleted = []
    sweeper = Thread(target=lambda: (deleted.append(old.delete(10)), connection.close()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(4711)")
        sweeper.start()
        wait_until_somebody_is_blocked()
        with transaction.atomic():
            name_it()
        cursor.execute("SELECT pg_advisory_unlock(4711)")
    sweeper.join(20)
    assert deleted == [0]


@ON_POSTGRES
@pytest.mark.usefixtures("impatient")
def test_a_submit_whose_transaction_stays_open_keeps_nobody_from_admitting_its_lane():
    lane()
    first = job()
    with elsewhere(name_it):
        assert [ready.id for ready in admit(["k"], now=NOW)] == [first]


@ON_POSTGRES
@pytest.mark.usefixtures("impatient")
def test_two_submits_of_one_lane_do_not_wait_for_each_other():
    lane()
    with elsewhere(name_it), transaction.atomic():
        name_it()
    assert Job.objects.count() == 2


@ON_POSTGRES
@pytest.mark.usefixtures("impatient")
def test_no_job_ever_stands_in_a_lane_without_a_row_however_sweeps_and_submits_meet():
    over = Event()
    ever = NOW + timedelta(days=3_650)
    deleted = []

    def sweep_on():
        while not over.is_set():
            deleted.append(sweep(before=ever))
        connection.close()

    sweeper = Thread(target=sweep_on)
    sweeper.start()
    try:
        for _ in range(100):
            with transaction.atomic():
                name_it()
            assert Lane.objects.filter(key="k").exists()
            Job.objects.all().delete()
    finally:
        over.set()
        sweeper.join(20)
    assert sum(deleted) > 5
