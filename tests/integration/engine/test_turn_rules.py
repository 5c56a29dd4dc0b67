"""What lanes and unique keys promise, as the rows show it: no worker is needed for it."""

import pytest
from celery import shared_task
from django.utils import timezone

from jobs.engine.actions import bulk_actions
from jobs.engine.actions.job_actions import change_lane, retry_jobs
from jobs.engine.bulk import submit_many
from jobs.errors import InvalidLimit, LaneNotFound, SubmitError
from jobs.models import Job, Lane
from jobs.queries.jobs import JobFilter
from jobs.states import State
from tests.acceptance import workload

pytestmark = pytest.mark.django_db


@shared_task(name="test.with_lane", lane="reports", lane_width=2)
def with_lane():
    """Have a limit for all calls."""


@shared_task(name="test.with_key", unique=True)
def with_key(number):
    """Be one of these arguments at a time."""


def end(id, state="failed", error="X"):
    Job.objects.filter(id=id).update(
        state=state, finished_at=timezone.now(), error_type=error, unique_key=""
    )


def test_a_lane_of_a_task_holds_for_all_its_calls():
    assert Job.objects.get(id=with_lane.delay().id).lane == "reports"
    assert Job.objects.get(id=with_lane.apply_async(lane="reports").id).lane == "reports"
    assert Job.objects.get(id=with_lane.apply_async(lane=None).id).lane == "reports"
    assert Lane.objects.get().width == 2


@pytest.mark.parametrize("lane", ["another", ""])
def test_a_call_does_not_slip_past_the_lane_of_its_task(lane):
    with pytest.raises(SubmitError, match="has the lane 'reports' for all calls"):
        with_lane.apply_async(lane=lane)
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("rate", "width", "becomes"),
    [("10/s", None, 10), ("1/h", None, 1), ("10/s", 2, 2), (None, None, 1)],
)
def test_a_lane_is_as_wide_as_its_rate_unless_it_says_otherwise(rate, width, becomes):
    workload.add.apply_async((1, 2), lane="host", lane_rate=rate, lane_width=width)
    assert Lane.objects.get().width == becomes


def test_arguments_are_the_same_by_place_and_by_name():
    first = workload.add.apply_async((1, 2), unique=True)
    assert workload.add.apply_async((), {"b": 2, "a": 1}, unique=True).id == first.id
    assert workload.add.apply_async((1,), {"b": 2}, unique=True).id == first.id
    assert workload.add.apply_async((2, 1), unique=True).id != first.id


def test_many_jobs_at_once_are_never_taken_for_one():
    with pytest.raises(SubmitError, match="submit_many makes many"):
        submit_many(with_key, [((1,), {}), ((2,), {})])
    assert not Job.objects.exists()


def test_of_two_jobs_with_one_key_a_bulk_retry_takes_the_first():
    first = workload.add.apply_async((1, 1), unique="k")
    end(first.id)
    second = workload.add.apply_async((2, 2), unique="k")
    end(second.id)
    other = workload.add.apply_async((3, 3))
    end(other.id)
    action = bulk_actions.ask("retry", JobFilter(state=State.FAILED), by="ann")
    bulk_actions.work(now=timezone.now(), enough=lambda: False)
    action.refresh_from_db()
    assert (action.matched, action.done, action.error) == (3, 2, "")
    unfinished = Job.objects.unfinished()
    assert unfinished.exclude(unique_key="").count() == 1
    assert set(unfinished.values_list("id", flat=True)) >= {other.id}


def test_a_retry_by_a_person_keeps_the_key_through_another_end():
    first = workload.add.apply_async((1, 1), unique="k")
    for _ in range(2):
        end(first.id)
        assert retry_jobs([first.id], by="ann") == 1
        assert workload.add.apply_async((1, 1), unique="k").id == first.id


def test_what_is_not_said_of_a_lane_stays_and_who_said_it_is_kept():
    workload.add.apply_async((1, 2), lane="host", lane_width=3, lane_rate="10/m")
    change_lane("host", by="ann", width=5)
    lane = Lane.objects.get()
    assert (lane.width, lane.rate_count, lane.rate_seconds) == (5, 10, 60)
    assert lane.changed_by == "ann"
    change_lane("host", by="bob", rate=(2, 1.0))
    lane.refresh_from_db()
    assert (lane.width, lane.rate_count, lane.rate_seconds) == (5, 2, 1)
    change_lane("host", by="bob", rate=None)
    lane.refresh_from_db()
    assert (lane.width, lane.rate_count, lane.rate_seconds) == (5, None, None)
    assert lane.changed_by == "bob"
    assert lane.changed_at


def test_a_lane_that_is_not_there_or_makes_no_sense_is_not_changed():
    with pytest.raises(LaneNotFound, match="There is no lane 'host'"):
        change_lane("host", by="ann", width=2)
    workload.add.apply_async((1, 2), lane="host")
    for limits in ({"width": 0}, {"width": 2**31}, {"rate": (0, 1.0)}):
        with pytest.raises(InvalidLimit):
            change_lane("host", by="ann", **limits)
    assert Lane.objects.get().width == 1
