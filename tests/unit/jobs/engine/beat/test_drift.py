"""An hour of a schedule of every second, on a simulated clock: no drift, and no tick twice."""

import heapq
import random
from datetime import UTC, datetime, timedelta

import pytest
from celery import schedules

from jobs.engine.beat import ticks
from jobs.engine.beat.ticks import TickSchedule, Window, to_run
from jobs.models import SchedulePolicy

TEN = datetime(2026, 11, 22, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
#: The longest rest of a beat (jobs.engine.beat.scheduler).
LONGEST_REST = 2.0


class Clock(datetime):
    moment = TEN

    @classmethod
    def now(cls, tz=None):
        return cls.moment


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(ticks, "datetime", Clock)
    Clock.moment = TEN
    return Clock


def run(step, cost, policy=None):
    """A beat for an hour: the tick of each job and when it was submitted.

    Each look takes `cost(number)` seconds, and so does waking up from each rest.
    """
    schedule = schedules.schedule(timedelta(seconds=step))
    tick_schedule, policy = TickSchedule(schedule), policy or SchedulePolicy()
    last, jobs, number = TEN, [], 0
    while Clock.moment < TEN + HOUR:
        number += 1
        state = tick_schedule.is_due(last)
        if state.is_due:
            found = to_run(Window(schedule, last, Clock.moment), policy)
            jobs += [(tick, Clock.moment) for tick in found]
            last = Clock.moment
        rest = 0.0 if state.is_due else min(state.next, LONGEST_REST)
        Clock.moment += timedelta(seconds=rest + cost(number))
    return jobs


@pytest.mark.parametrize("step", [1, 2, 5, 7])
@pytest.mark.parametrize("seed", range(3))
def test_an_hour_of_late_wakes_and_slow_looks_has_no_drift(step, seed):
    chance = random.Random(seed)
    jobs = run(step, lambda number: chance.uniform(0.001, 0.2))
    due = [TEN + timedelta(seconds=n) for n in range(1, 3600) if _on_grid(n, step)]
    assert [tick for tick, _ in jobs] == due
    late = [(submitted - tick).total_seconds() for tick, submitted in jobs]
    assert min(late) >= 0
    assert max(late) < 1
    # Drift: what a beat that counts from its last run would gather, look by look.
    tenth = len(late) // 10
    assert abs(sum(late[-tenth:]) - sum(late[:tenth])) / tenth < 0.1


def _on_grid(n, step):
    return int((TEN + timedelta(seconds=n)).timestamp()) % step == 0


def test_a_counter_from_the_last_run_would_have_drifted_by_minutes():
    """What the test above would see without the grid: it can fail."""
    chance, moment, runs = random.Random(0), TEN, 0
    while moment < TEN + HOUR:
        moment += timedelta(seconds=1 + chance.uniform(0.001, 0.2))
        runs += 1
    assert runs < 3600 - 60


@pytest.mark.parametrize(
    ("policy", "lost"),
    [(SchedulePolicy(), True), (SchedulePolicy(missed="all", limit_count=1000), False)],
    ids=["once", "all"],
)
def test_a_stall_moves_no_later_tick(policy, lost):
    stalls = {500: 30.0, 2000: 7.5}
    jobs = run(1, lambda number: stalls.get(number, 0.01), policy)
    found = [tick for tick, _ in jobs]
    assert len(set(found)) == len(found)
    assert all(tick.microsecond == 0 for tick in found)
    missing = 3599 - len(found)
    assert (30 <= missing <= 40) if lost else missing == 0
    assert (jobs[-1][1] - jobs[-1][0]).total_seconds() < 0.1


@pytest.mark.parametrize("seed", range(5))
def test_beats_with_different_clocks_that_jump_make_each_tick_once(seed):
    """Three beats beside each other, as the rows see them: a known tick is not made again."""
    chance, schedule = random.Random(seed), schedules.schedule(timedelta(seconds=5))
    policy = SchedulePolicy(missed="all", limit_count=1000)
    skew = [0.0, chance.uniform(-3, 0), chance.uniform(0, 3)]
    last, made = TEN, []
    looks = [(chance.random(), beat) for beat in range(3)]
    heapq.heapify(looks)
    while looks[0][0] < 3600:
        seconds, beat = heapq.heappop(looks)
        if chance.random() < 0.002:
            skew[beat] = chance.uniform(-90, 90)
        elif chance.random() < 0.01:
            skew[beat] = 0.0  # and set right again
        now = TEN + timedelta(seconds=seconds + skew[beat])
        found = to_run(Window(schedule, min(last, now), now), policy)
        made += [tick for tick in found if tick not in made]
        last = now
        heapq.heappush(looks, (seconds + chance.uniform(0.2, LONGEST_REST), beat))
    in_time = [tick for tick in made if TEN < tick <= TEN + timedelta(seconds=3500)]
    grid = [TEN + timedelta(seconds=5 * n) for n in range(1, 701)]
    assert sorted(in_time) == grid
