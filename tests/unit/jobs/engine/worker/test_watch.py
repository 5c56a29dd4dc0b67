"""When a worker is called deaf, and when not."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.engine.worker.watch import NO_ANSWER, STANDS_STILL, Watch

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Worker:
    why = ""
    reconnects = 0
    gave_up = None

    def standstill(self, now):
        return self.why

    def reconnect(self):
        self.reconnects += 1

    def give_up(self, *, at_once):
        assert self.gave_up is None, "once"
        self.gave_up = at_once


class Clock:
    """Looks at a worker once a second."""

    def __init__(self):
        self.worker, self.redis, self.second = Worker(), True, 0
        self.watch = Watch(self.worker, seconds=10, redis_answers=lambda: self.redis)

    def pass_(self, seconds, step=1):
        for _ in range(0, seconds, step):
            self.second += step
            self.watch.look(NOW + timedelta(seconds=self.second), float(self.second))


@pytest.fixture
def clock():
    clock = Clock()
    clock.pass_(3)
    return clock


def test_a_worker_that_takes_jobs_is_left_alone(clock):
    clock.pass_(100)
    assert (clock.worker.reconnects, clock.worker.gave_up) == (0, None)


def test_a_deaf_worker_reconnects_once_then_gives_up_once(clock):
    clock.worker.why = NO_ANSWER
    clock.pass_(9)
    assert clock.worker.reconnects == 0
    clock.pass_(2)
    assert (clock.worker.reconnects, clock.worker.gave_up) == (1, None)
    assert clock.watch.deaf_since == NOW + timedelta(seconds=3)
    clock.pass_(100)
    assert (clock.worker.reconnects, clock.worker.gave_up) == (1, False)


def test_a_main_loop_that_stands_still_is_not_waited_for(clock):
    clock.worker.why = STANDS_STILL
    clock.pass_(40)
    assert clock.worker.gave_up is True


def test_a_worker_that_hears_again_starts_from_nothing(clock):
    clock.worker.why = NO_ANSWER
    clock.pass_(15)
    clock.worker.why = ""
    clock.pass_(1)
    assert clock.watch.deaf_since is None
    clock.worker.why = NO_ANSWER
    clock.pass_(9)
    assert clock.worker.reconnects == 1
    clock.pass_(2)
    assert clock.worker.reconnects == 2


def test_nobody_is_blamed_while_redis_answers_nobody(clock):
    clock.worker.why, clock.redis = NO_ANSWER, False
    clock.pass_(100)
    assert clock.worker.reconnects == 0
    clock.redis = True
    clock.pass_(9)
    assert clock.worker.reconnects == 0


def test_a_watch_that_slept_does_not_blame_the_worker_for_its_own_sleep(clock):
    clock.worker.why = NO_ANSWER
    clock.pass_(120, step=60)
    assert clock.worker.reconnects == 0
