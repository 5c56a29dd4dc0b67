"""The plan of faults and the calls are functions of the seed."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from drill.calls import Sort, make_call
from drill.plan import Kind, Shape, make_plan

ROOT = Path(__file__).parents[3]
SEEDS = range(40)
OF_A_WORKER = {Kind.WORKER_KILLED, Kind.PARENT_KILLED, Kind.WORKER_STOPPED, Kind.WORKER_FROZEN}
BOOT = 8.0
PLANNED = set(Kind) - {Kind.BY_ITSELF}


def test_a_seed_gives_the_same_plan_in_every_process():
    code = "from drill.plan import *; print(make_plan(7, 120, Shape()))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == repr(make_plan(7, 120, Shape())).strip()


def test_another_seed_gives_another_plan():
    assert len({make_plan(seed, 60, Shape()) for seed in SEEDS}) == len(SEEDS)


def test_the_faults_stand_in_order_and_within_the_time():
    for seed in SEEDS:
        times = [fault.at for fault in make_plan(seed, 60, Shape())]
        assert times == sorted(times)
        assert 0 < times[0] <= times[-1] < 60


def test_ten_minutes_bring_every_kind_of_fault():
    for seed in SEEDS:
        assert {fault.kind for fault in make_plan(seed, 600, Shape())} == PLANNED


def test_a_minute_may_bring_every_kind_of_fault_and_the_seed_of_ci_does():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    seed = int(re.search(r"^seed=(\d+)$", script, re.M).group(1))
    assert {fault.kind for fault in make_plan(seed, 60, Shape())} == PLANNED


def test_a_worker_that_is_frozen_is_not_hit_before_it_is_back():
    for seed in SEEDS:
        back = dict.fromkeys(range(4), 0.0)
        for fault in make_plan(seed, 600, Shape()):
            if fault.kind in OF_A_WORKER:
                assert fault.at > back[fault.target]
                back[fault.target] = fault.at + fault.seconds


def test_every_target_exists():
    shape = Shape(pools=("threads", "prefork", "solo"), beats=1, submitters=3)
    for seed in SEEDS:
        for fault in make_plan(seed, 300, shape):
            number = {"b": shape.beats, "s": shape.submitters}.get(fault.kind[0], len(shape.pools))
            assert 0 <= fault.target < number
            assert fault.kind != Kind.CHILD_KILLED or shape.pools[fault.target] == "prefork"


def test_a_freeze_of_a_worker_outlasts_the_lease():
    frozen = [
        fault
        for seed in SEEDS
        for fault in make_plan(seed, 300, Shape(lease=4.0))
        if fault.kind == Kind.WORKER_FROZEN
    ]
    assert frozen
    assert all(fault.seconds > 4.0 for fault in frozen)


def test_redis_is_not_hit_while_it_is_away():
    for seed in SEEDS:
        hits = [f for f in make_plan(seed, 300, Shape()) if f.kind.startswith("Redis")]
        assert all(second.at > first.at + first.seconds for first, second in pairwise(hits))


def test_one_worker_is_always_spared_for_a_lease_unless_all_die_together():
    shape = Shape()
    for seed in SEEDS:
        up_since = [-60.0] * len(shape.pools)  # a drill begins with workers that are up
        for fault in make_plan(seed, 600, shape):
            steady = [n for n, since in enumerate(up_since) if since <= fault.at - shape.lease]
            if fault.kind == Kind.ALL_KILLED:
                assert len(steady) == len(up_since)
                up_since = [fault.at + BOOT] * len(up_since)
            elif fault.kind in OF_A_WORKER:
                assert any(number != fault.target for number in steady), fault
                up_since[fault.target] = fault.at + (fault.seconds or BOOT)


def test_the_calls_are_a_function_of_the_seed_and_of_every_sort():
    calls = [make_call(3, 0, number) for number in range(400)]
    assert calls == [make_call(3, 0, number) for number in range(400)]
    assert calls != [make_call(4, 0, number) for number in range(400)]
    assert {call.sort for call in calls} == set(Sort) - {Sort.TICK}


@pytest.mark.parametrize("sort", [Sort.LANE, Sort.RETRY])
def test_some_calls_fail_before_they_succeed(sort):
    calls = [make_call(3, 0, number) for number in range(2_000)]
    assert any(call.fails for call in calls if call.sort == sort)


def test_redis_is_left_alone_while_all_workers_are_gone():
    for seed in SEEDS:
        plan = make_plan(seed, 600, Shape())
        for died in (fault.at for fault in plan if fault.kind == Kind.ALL_KILLED):
            for fault in plan:
                if fault.kind.startswith("Redis"):
                    assert fault.at + fault.seconds < died or fault.at > died + 15
