"""Widths and rates of lanes, kept by real workers, and changed while jobs wait."""

from itertools import pairwise
from statistics import median

import pytest
from django.utils import timezone

from jobs.engine.actions.job_actions import change_lane
from jobs.engine.bulk import submit_many
from jobs.models import Job, Lane
from tests.acceptance import workload
from tests.acceptance.stack import wait_until


def ran(path):
    return path.read_text().split() if path.exists() else []


def all_finished():
    return not Job.objects.unfinished().exists()


def number_in(state):
    return Job.objects.filter(state=state).count()


def starts():
    return sorted(Job.objects.values_list("started_at", flat=True))


def gaps(moments):
    return [(later - sooner).total_seconds() for sooner, later in pairwise(moments)]


def most_at_once(marks):
    now = most = 0
    for mark in marks:
        now += 1 if mark[0] == "+" else -1
        most = max(most, now)
    return most


@pytest.mark.parametrize("width", [None, 1, 10])
def test_a_rate_above_one_a_second_is_reached_and_evenly_spaced(stack, width):
    stack.worker("-c", "2")
    workload.add.delay(1, 2).get(timeout=20)
    Job.objects.all().delete()
    for _ in range(31):
        workload.add.apply_async((1, 2), lane="host", lane_width=width, lane_rate="10/s")
    wait_until(all_finished, 30)
    begun = starts()
    # Three seconds and a busy machine; without a second look it would be one a second.
    assert 2 <= (begun[-1] - begun[0]).total_seconds() <= 12
    # The next turn of the dispatcher sees that there is a rate; from then on it looks more often:
    # or ten at once would start each second.
    assert median(gaps(begun)) > 0.03
    planned = gaps(sorted(Job.objects.values_list("run_at", flat=True)))
    # One whose predecessor ended late starts at once, and keeps the time of its submit.
    assert median(planned) == pytest.approx(0.1, abs=0.001)


def test_what_nobody_could_start_in_time_makes_no_burst(stack):
    for _ in range(6):
        workload.add.apply_async((1, 2), lane="host", lane_width=6, lane_rate="2/s")
    late = Job.objects.filter(waiting_for="rate")
    wait_until(lambda: late.filter(run_at__lt=timezone.now()).count() == 5)
    stack.worker("-c", "2")
    wait_until(all_finished, 20)
    assert sum(gaps(starts()[1:])) > 1  # two seconds, but for a worker that has just begun


def test_a_faster_rate_lets_those_go_that_the_slow_one_had_put_off(stack):
    stack.worker("-c", "2")
    for _ in range(5):
        workload.add.apply_async((1, 2), lane="host", lane_width=3, lane_rate="1/h")
    wait_until(lambda: number_in("succeeded") == 1)
    assert Job.objects.filter(waiting_for="rate").count() == 3
    change_lane("host", by="ann", rate=(10, 1.0))
    wait_until(all_finished, 10)
    lane = Lane.objects.get()
    assert (lane.width, lane.rate_count, lane.changed_by) == (3, 10, "ann")


def test_without_a_rate_all_go_and_the_width_stays(stack):
    stack.worker("-c", "2")
    for _ in range(5):
        workload.add.apply_async((1, 2), lane="host", lane_width=2, lane_rate="1/h")
    wait_until(lambda: number_in("succeeded") == 1)
    change_lane("host", by="ann", rate=None)
    wait_until(all_finished, 10)
    assert Lane.objects.get().width == 2


def test_a_slower_rate_counts_from_the_last_start(stack):
    stack.worker("-c", "2")
    submit_many(workload.add, [((1, 2), {})] * 200, lane="host", lane_width=200, lane_rate="20/s")
    wait_until(lambda: number_in("succeeded") >= 3)
    change_lane("host", by="ann", rate=(1, 3600.0))
    wait_until(lambda: number_in("queued") + number_in("running") == 0, 10)
    assert number_in("succeeded") < 200
    left = Job.objects.filter(waiting_for="rate").order_by("run_at")
    last = starts_of_succeeded()[-1]
    assert (left.first().run_at - last).total_seconds() == pytest.approx(3600, abs=30)


def starts_of_succeeded():
    return sorted(Job.objects.filter(state="succeeded").values_list("started_at", flat=True))


def test_a_wider_lane_lets_those_in_that_wait_in_it(stack, tmp_path):
    stack.worker("-c", "4")
    for number in range(12):
        workload.step.apply_async((str(tmp_path / "ran"), number, 60.0), lane="resize")
    wait_until(lambda: number_in("running") == 1)
    change_lane("resize", by="ann", width=4)
    wait_until(lambda: number_in("running") == 4, 30)  # at once, not when the first has ended


def test_a_width_holds_over_two_workers(stack, tmp_path):
    stack.worker("-c", "3", name="one")
    stack.worker("-c", "3", name="two")
    path = tmp_path / "ran"
    for number in range(16):
        workload.step.apply_async((str(path), number, 0.3), lane="resize", lane_width=2)
    wait_until(all_finished, 60)
    assert most_at_once(ran(path)) == 2
    assert Job.objects.values("worker").distinct().count() == 2


def test_the_lane_of_a_task_limits_all_its_calls(stack, tmp_path):
    stack.worker("-c", "4")
    path = tmp_path / "ran"
    for number in range(4):
        workload.in_own_lane.delay(str(path), number)
    submit_many(workload.in_own_lane, [((str(path), number), {}) for number in range(4)])
    wait_until(all_finished, 40)
    assert most_at_once(ran(path)) == 2


def test_a_retry_takes_a_start_of_the_rate_as_every_attempt_does(stack, tmp_path):
    stack.worker("-c", "1")
    for delay in (0.0, 0.1):
        Job.objects.all().delete()
        path = tmp_path / f"after {delay}"
        workload.mark_times.apply_async((str(path), 4, delay), lane=f"l{delay}", lane_rate="1/s")
        wait_until(all_finished, 20)
        times = [float(line) for line in ran(path)]
        assert len(times) == 4
        # Three seconds; one that starts late on a busy machine comes nearer to the next. Retries
        # that take no start of the rate would need 0.3.
        assert times[-1] - times[0] > 1.5
