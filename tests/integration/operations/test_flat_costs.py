"""No hot statement reads the whole table: its cost does not grow with what has finished.

Plans instead of times, on a table that is large enough for PostgreSQL to think twice.
"""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.fill import fill_delayed, fill_finished, fill_line, fill_queued
from jobs.engine.ids import new_id
from jobs.models import Job, Pause
from jobs.operations import (
    cancel,
    claim,
    finish,
    lanes,
    pauses,
    publish,
    rates,
    rescue,
    submit,
    unique,
)
from jobs.operations.cleanup import FinishedChords
from jobs.operations.old_lanes import OldLanes
from jobs.queries.jobs import attention, listing, tally
from jobs.queries.jobs.facts import fleet
from jobs.queries.jobs.family import family_of
from jobs.queries.jobs.filters import JobFilter
from jobs.states import State
from tests.integration.operations.plans import plans_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, scope="module")
def table(django_db_setup, django_db_blocker):
    """Many finished jobs, and some of each kind that waits; taken back after the last test."""
    with django_db_blocker.unblock(), transaction.atomic():
        fill_finished(10_000, lanes=50)
        fill_queued(300, queues=3)
        fill_delayed(300)
        fill_line(300, 100)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE jobs_job")
        yield
        transaction.set_rollback(True)


def turn_statements(now):
    before = now + timedelta(hours=1)
    return {
        "flagged_of": (lambda: cancel.flagged_of("w"), "job_held"),
        "expire": (lambda: cancel.expire(now=now), "job_expires"),
        "some_expire": (lambda: cancel.some_expire(now=now), "job_expires"),
        "let_go": (lambda: pauses.let_go(now=now), "job_paused"),
        "line_up": (lambda: lanes.line_up(now=now), "job_due"),
        "publish_due": (
            lambda: publish.publish_due(now=now + timedelta(days=2), limit=20),
            "job_due",
        ),
        "next_due": (lambda: publish.next_due(after=now, before=before), "job_due"),
        "time_starts": (lambda: rates.time_starts(now=now), "job_due"),
        "paused_of": (lambda: pauses.paused_of("w"), "job_held"),
        "end_periods": (lambda: unique.end_periods(now=now), "job_unique_until"),
        "lanes_with_room": (lambda: lanes.lanes_with_room(now=now), "job_lane_waiting"),
        "lanes_with_room, taken": (
            lambda: lanes.lanes_with_room(now=now),
            "job_lane_in_turn",
        ),
        "admit": (lambda: lanes.admit(["lane-1", "lane-2"], now=now), "job_lane_waiting"),
        "waiting_bells": (lambda: publish.waiting_bells(before=before), "job_unclaimed"),
        "republish_lost": (
            lambda: publish.republish_lost({("celery1", 5): before}, now=now, limit=10),
            "job_unclaimed",
        ),
        "rescue": (lambda: rescue.rescue("w", max_crashes=3, reason="", now=now), "job_held"),
    }


@pytest.mark.parametrize("name", turn_statements(timezone.now()))
def test_a_statement_of_a_turn_finds_its_rows_by_the_index_that_is_there_for_it(name):
    function, index = turn_statements(timezone.now())[name]
    plans = plans_of(function)
    assert [plan.text for plan in plans if plan.reads_the_table] == []
    assert index in set().union(*(plan.indexes for plan in plans))


def test_a_pause_costs_what_waits_and_not_what_has_finished():
    now = timezone.now()
    Pause.objects.create(kind="task", value="bench.task3", paused_by="me", created_at=now)
    plans = plans_of(pauses.hold) + plans_of(pauses.let_go, now=now)
    assert [plan for plan in plans if plan.reads_the_table] == []


def test_submit_claim_start_and_finish_find_their_rows_by_key():
    now = timezone.now()
    drafts = [submit.Draft(id=new_id(), task="t", queue="q", message="{}") for _ in range(200)]
    ids = [draft.id for draft in drafts]
    plans = plans_of(submit.submit, drafts, now=now)
    plans += plans_of(claim.claim, ids, worker="w", now=now)
    plans += plans_of(finish.start, [finish.Start(id, 1, now) for id in ids], worker="w")
    plans += plans_of(
        finish.succeed, [finish.Success(id, 1, now, now, "") for id in ids], worker="w"
    )
    plans += plans_of(lanes.lanes_of, ids)
    assert len(plans) == 5
    assert [plan for plan in plans if plan.reads_the_table] == []


@pytest.mark.parametrize(
    ("sweep", "index"),
    [
        (lambda before: OldLanes(before, now=before), "job_newest_by_lane"),
        (FinishedChords, "job_by_group"),
    ],
    ids=["lanes", "chords"],
)
def test_whether_a_lane_or_a_chord_is_in_use_is_looked_up(sweep, index):
    before = timezone.now() + timedelta(hours=1)
    plans = plans_of(sweep(before).delete, 100)
    assert [plan.text for plan in plans if plan.reads_the_table] == []
    assert index in set().union(*(plan.indexes for plan in plans))


def test_a_unique_key_is_looked_up_by_its_index():
    plans = plans_of(unique.holders, ["a"])
    plans += plans_of(unique.holder_of, "a", now=timezone.now())
    plans += plans_of(unique.replace_waiting, "a", "{}", now=timezone.now())
    assert [plan.indexes for plan in plans] == [{"job_unique_key"}] * 3


def test_the_home_page_reads_no_history():
    now = timezone.now()
    reads = (
        lambda: listing.running_now(now),
        lambda: listing.next_due(now),
        lambda: listing.recently_finished(now),
        lambda: attention.alarms(fleet(now), now, schedules=0),
        lambda: attention.failures(now),
        lambda: tally.counts(now),
        listing.known_names,
    )
    plans = [plan for read in reads for plan in plans_of(read)]
    assert [plan for plan in plans if plan.reads_the_table] == []


@pytest.mark.parametrize(
    "wanted",
    [
        JobFilter(),
        *(JobFilter(state=state) for state in State),
        JobFilter(lane="lane-7"),
        JobFilter(lane="none has it"),
        JobFilter(cause="none has it"),
        JobFilter(state=State.FAILED, cause="none has it"),
        JobFilter(task="none has it"),
        JobFilter(schedule="none has it"),
    ],
    ids=str,
)
def test_the_jobs_page_reads_only_what_it_shows(wanted):
    [plan] = plans_of(listing.list_jobs, wanted, timezone.now())
    assert not plan.reads_the_table


def test_the_family_of_a_job_is_found_by_its_parent():
    plans = plans_of(family_of, Job.objects.get(id="old-7"), timezone.now())
    assert "job_by_parent" in set().union(*(plan.indexes for plan in plans))
    assert [plan for plan in plans if plan.reads_the_table] == []


def test_a_statement_that_has_no_index_is_told_from_the_others():
    [plan] = plans_of(Job.objects.filter(error_message="none has it").exists)
    assert plan.reads_the_table


def test_no_index_of_prefixes_is_kept_that_no_query_uses():
    with connection.cursor() as cursor:
        names = connection.introspection.get_constraints(cursor, "jobs_job")
    assert [name for name in names if name.endswith("_like")] == []
