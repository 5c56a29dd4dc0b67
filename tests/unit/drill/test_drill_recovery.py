"""How long a job that could run did not."""

import pytest

from drill.calls import Sort
from drill.plan import Kind
from drill.recovery import waits
from tests.unit.drill.evidence import died, effect, hit, ran, seen, submitted


def longest(*args, **kwargs):
    return max(waits(seen(*args, **kwargs)), key=lambda wait: wait.seconds)


def test_the_first_wait_counts_from_the_commit():
    wait = longest([submitted("a", at=100.0)], [ran("a", 103.0, 104.0)])
    assert (wait.seconds, wait.hit) == (3.0, None)


def test_a_delayed_job_waits_from_the_moment_that_it_asked_for():
    call = submitted("a", Sort.DELAYED, at=100.0, due=110.0)
    assert longest([call], [ran("a", 110.5, 111.0)]).seconds == 0.5


def test_a_job_of_a_lane_waits_from_the_end_of_the_one_in_front():
    line = [submitted(f"j{p}", Sort.LANE, lane="l", place=p) for p in (1, 2)]
    runs = [ran("j1", 100.0, 120.0), ran("j2", 120.5, 121.0)]
    wait = longest(line, runs, [effect(1, "j1", 120.0)])
    assert (wait.job, wait.seconds) == ("j2", 0.5)


def test_the_run_of_a_tick_waits_from_the_tick():
    wait = longest(runs=[ran("a", 109.0, 109.1)], ticks={"a": 104.0})
    assert wait.seconds == 5.0


def test_a_killed_run_waits_from_the_fault_without_the_pause_after_a_crash():
    runs = [died("a", 100.1, pid=7), ran("a", 121.0, 121.1, attempt=2)]
    wait = longest([submitted("a")], runs, hits=[hit(101.0, 8), hit(103.0, 7)])
    assert (wait.seconds, wait.since) == (16.0, 105.0)
    assert wait.hit.kind == Kind.WORKER_KILLED


def test_the_longer_pause_after_a_second_crash_is_not_the_engines_slowness():
    runs = [
        died("a", 100.1, pid=7),
        died("a", 118.1, attempt=2, pid=8),
        ran("a", 150.0, 150.1, attempt=3),
    ]
    wait = longest([submitted("a")], runs, hits=[hit(101.0, 7), hit(119.0, 8)])
    assert wait.seconds == pytest.approx(150.0 - 119.0 - 15.0)


def test_a_run_that_was_frozen_and_came_to_its_end_waited_for_that_end():
    runs = [ran("a", 100.1, 108.0, pid=7)]
    wait = longest([submitted("a")], runs, hits=[hit(101.0, 7, kind=Kind.WORKER_FROZEN)])
    assert wait.seconds == 7.0


def test_a_retry_waits_from_the_delay_that_it_asked_for():
    runs = [ran("a", 100.0, 100.1, "again", countdown=2.0), ran("a", 105.1, 105.2, attempt=2)]
    assert longest([submitted("a")], runs).seconds == pytest.approx(3.0)


def test_a_wait_is_put_down_to_the_first_fault_in_it():
    flushed, killed = hit(102.0, kind=Kind.REDIS_FLUSHED), hit(104.0, 9)
    wait = longest([submitted("a")], [ran("a", 108.0, 109.0)], hits=[flushed, killed])
    assert wait.hit == flushed


def test_a_step_of_a_chain_waits_from_the_end_of_the_one_before():
    chain = [submitted("a", Sort.CHAIN), submitted("b", Sort.CHAIN, after=("a",))]
    runs = [ran("a", 100.0, 120.0), ran("b", 120.5, 121.0)]
    wait = longest(chain, runs, [effect(1, "a", 120.0)])
    assert (wait.job, wait.seconds) == ("b", 0.5)


def test_a_job_that_is_hit_again_before_it_has_begun_waits_anew():
    lost = hit(110.0, kind=Kind.REDIS_FLUSHED, jobs=["a"])
    elsewhere = hit(120.0, kind=Kind.REDIS_FLUSHED, jobs=["b"])
    wait = longest([submitted("a")], [ran("a", 128.0, 129.0)], hits=[lost, elsewhere])
    assert (wait.seconds, wait.hit) == (18.0, lost)


def test_a_crashed_job_whose_next_worker_dies_too_waits_from_the_second_death():
    runs = [died("a", 100.1, pid=7), ran("a", 138.0, 138.1, attempt=2)]
    hits = [hit(101.0, 7, jobs=["a"]), hit(120.0, 8, jobs=["a"])]
    wait = longest([submitted("a")], runs, hits=hits)
    assert (wait.seconds, wait.since) == (18.0, 120.0)
