"""Lanes, unique jobs, pauses, snoozes, bulk and effects exactly once, through real workers."""

from datetime import timedelta

import pytest
from celery import chain
from django.utils import timezone

from jobs.engine.actions.job_actions import (
    cancel_jobs,
    change_lane,
    pause_jobs,
    resume_jobs,
    retry_jobs,
)
from jobs.engine.bulk import submit_many
from jobs.models import Attempt, Job, Pause, Token
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until


def ran(path):
    return path.read_text().split() if path.exists() else []


def all_finished():
    return not Job.objects.unfinished().exists()


def most_at_once(marks):
    now = most = 0
    for mark in marks:
        now += 1 if mark[0] == "+" else -1
        most = max(most, now)
    return most


def test_a_lane_of_width_one_keeps_its_order_through_a_retry(stack, tmp_path):
    stack.worker("-c", "3")
    path = tmp_path / "ran"
    for number in range(8):
        workload.step.apply_async(
            (str(path), number, 0.02, number == 2), lane="order-17", priority=number
        )
    wait_until(all_finished, 40)
    names = [mark[1:] for mark in ran(path)]
    assert names == [n for number in range(8) for n in [str(number)] * (4 if number == 2 else 2)]
    assert set(Job.objects.values_list("state", flat=True)) == {State.SUCCEEDED}


def test_a_lane_lets_its_width_through_and_a_change_is_live(stack, tmp_path):
    stack.worker("-c", "4")
    path = tmp_path / "ran"
    for number in range(6):
        workload.step.apply_async((str(path), number, 0.3), lane="resize", lane_width=2)
    wait_until(all_finished, 40)
    assert most_at_once(ran(path)) == 2
    change_lane("resize", by="ann", width=4)
    path.unlink()
    for number in range(8):
        workload.step.apply_async((str(path), number, 0.3), lane="resize", lane_width=2)
    wait_until(all_finished, 40)
    assert most_at_once(ran(path)) > 2


def test_lanes_do_not_wait_for_each_other_and_a_cancel_lets_the_next_go(stack, tmp_path):
    stack.worker("-c", "2")
    path = tmp_path / "ran"
    head = workload.hold.apply_async((60,), lane="a")
    next_ = workload.step.apply_async((str(path), "next"), lane="a")
    assert workload.add.apply_async((1, 2), lane="b").get(timeout=20) == 3
    assert Job.objects.get(id=next_.id).waiting_for == "lane"
    wait_until(lambda: Job.objects.filter(id=head.id, state="running").exists())
    cancel_jobs([head.id], by="the test")
    wait_until(all_finished, 20)
    assert ran(path) == ["+next", "-next"]


def test_a_retry_by_a_person_takes_its_turn_in_the_order_of_age(stack, tmp_path):
    jobs = [workload.fail.apply_async(lane="k") for _ in range(3)]
    stack.worker("-c", "2")
    wait_until(all_finished, 20)
    assert retry_jobs([job.id for job in reversed(jobs)], by="ann") == 3
    wait_until(all_finished, 20)
    started = Job.objects.order_by("started_at").values_list("id", flat=True)
    assert list(started) == [job.id for job in jobs]


def test_a_rate_spaces_the_starts_of_a_lane(stack):
    stack.worker("-c", "4")
    workload.add.delay(1, 2).get(timeout=20)  # a worker that is still starting lets the first wait
    for _ in range(4):
        workload.add.apply_async((1, 2), lane="host", lane_width=4, lane_rate="1/s")
    wait_until(all_finished, 30)
    starts = sorted(Job.objects.filter(lane="host").values_list("started_at", flat=True))
    assert (
        starts[-1] - starts[0]
    ).total_seconds() > 1.5  # three, but for a first that starts late on a busy machine


def test_a_unique_job_is_answered_with_the_first_while_it_is_unfinished(stack):
    first = workload.add.apply_async((1, 2), unique=True)
    assert workload.add.apply_async((1, 2), unique=True).id == first.id
    assert workload.add.apply_async((1, 3), unique=True).id != first.id
    stack.worker("-c", "1")
    assert first.get(timeout=20) == 3
    again = workload.add.apply_async((1, 2), unique=True)
    assert again.id != first.id
    assert again.get(timeout=20) == 3


def test_a_waiting_unique_job_takes_the_newest_arguments(stack):
    first = workload.add.apply_async((1, 1), unique="cart-7", unique_for="waiting")
    newer = workload.add.apply_async(
        (20, 30), unique="cart-7", unique_for="waiting", on_conflict="replace"
    )
    assert newer.id == first.id
    stack.worker("-c", "1")
    assert first.get(timeout=20) == 50
    assert Job.objects.count() == 1


def test_an_idempotency_key_returns_the_first_handle_also_when_it_is_done(stack):
    stack.worker("-c", "1")
    first = workload.add.apply_async((1, 2), idempotency_key="payment-93")
    assert first.get(timeout=20) == 3
    assert workload.add.apply_async((9, 9), idempotency_key="payment-93").get(timeout=5) == 3


def test_a_unique_period_ends_by_itself(stack):
    stack.worker("-c", "1")
    first = workload.add.apply_async((1, 2), unique="digest", unique_for=1.5)
    assert workload.add.apply_async((1, 2), unique="digest", unique_for=1.5).id == first.id
    wait_until(lambda: not Job.objects.exclude(unique_key="").exists(), 10)
    assert workload.add.apply_async((1, 2), unique="digest", unique_for=1.5).id != first.id


def test_a_snooze_spends_no_attempt_and_leaves_no_trace_of_failure(stack, tmp_path):
    stack.worker("-c", "1")
    result = workload.put_off.delay(str(tmp_path / "ran"))
    assert result.get(timeout=20) == "done"
    assert ran(tmp_path / "ran") == ["1", "1"]
    assert Job.objects.get(id=result.id).attempt == 1
    assert not Attempt.objects.exists()


@pytest.mark.parametrize(
    ("kind", "value"), [("queue", "celery"), ("task", "test.append"), ("lane", "slow")]
)
def test_what_is_paused_does_not_start_until_it_is_resumed(stack, tmp_path, kind, value):
    stack.worker("-c", "2")
    path = tmp_path / "ran"
    pause_jobs(kind, value, by="ann", reason="the shop is closed")
    for number in range(3):
        workload.append.apply_async((str(path), number), lane="slow", lane_width=3)
    wait_until(lambda: Job.objects.filter(waiting_for="pause").count() == 3, 20)
    assert ran(path) == []
    assert Pause.objects.get().reason == "the shop is closed"
    assert resume_jobs(kind, value) == 3
    wait_until(all_finished, 20)
    assert sorted(ran(path)) == ["0", "1", "2"]


def test_a_pause_ends_by_itself_when_its_time_has_come(stack):
    stack.worker("-c", "1")
    pause_jobs("queue", "celery", by="ann", until=timezone.now() + timedelta(seconds=2))
    assert workload.add.delay(1, 2).get(timeout=20) == 3
    assert not Pause.objects.exists()


def test_many_jobs_are_submitted_at_once_and_keep_their_order_in_a_lane(
    stack, tmp_path, django_assert_max_num_queries
):
    path = tmp_path / "ran"
    calls = [((str(path), n), {}) for n in range(100)]
    with django_assert_max_num_queries(20):
        ids = submit_many(workload.append, calls, lane="many")
    stack.worker("-c", "2")
    wait_until(all_finished, 60)
    assert ran(path) == [str(n) for n in range(100)]
    assert set(Job.objects.values_list("id", flat=True)) == set(ids)


def test_a_tasks_writes_and_its_finish_commit_together_or_not_at_all(stack):
    stack.worker("-c", "1")
    plain, before, after = (
        workload.pay.delay("plain"),
        workload.pay.delay("before", "before"),
        workload.pay.delay("after", "after"),
    )
    wait_until(all_finished, 40)
    for result in (plain, before, after):
        assert result.get(timeout=5) == "paid"
    assert set(Token.objects.values_list("name", flat=True)) == {"plain-1", "before-2", "after-1"}
    assert Job.objects.get(id=after.id).crashes == 0


def test_what_follows_a_job_transaction_is_committed_with_it(stack):
    stack.worker("-c", "1")
    lives = chain(workload.pay.s("a"), workload.add.s("!"))()
    dies = chain(workload.pay.s("b", "after"), workload.add.s("?"), workload.add.s("?"))()
    workload.pay.apply_async(("c", "after"), link=[workload.add.s("+"), workload.add.s("-")])
    wait_until(all_finished, 40)
    assert (lives.get(timeout=5), dies.get(timeout=5)) == ("paid!", "paid??")
    added = Job.objects.filter(task="test.add").values_list("result", flat=True)
    assert sorted(added) == ['"paid!"', '"paid+"', '"paid-"', '"paid?"', '"paid??"']
