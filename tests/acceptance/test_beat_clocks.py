"""Real beats whose clock on the wall is moved."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from jobs.models import Job
from tests.acceptance.stack import wait_until

SOURCE = Path(__file__).with_name("other_time.c")
COMPILER = shutil.which("cc")
HOURS = 36_000


class Wall:
    """The clock of the processes that get its environment."""

    def __init__(self, folder):
        self._file = folder / "clock"
        library = folder / "other_time.so"
        command = [COMPILER, "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._file)}
        self.put(0)

    def put(self, seconds):
        """Put it forward by so much against the true time."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(self._file)


@pytest.fixture
def wall(tmp_path):
    if COMPILER is None:
        pytest.skip("no C compiler; tests/integration/schedules has it with a clock of its own")
    return Wall(tmp_path)


@pytest.fixture
def every_second(transactional_db):
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    return PeriodicTask.objects.create(
        name="each", task="test.add", args="[1, 2]", interval=interval
    )


def begun(stack, **environment):
    beat = stack.run(
        "beat", "celery", "-A", "config", "beat", "-l", "INFO", "--pidfile=", **environment
    )
    wait_until(lambda: "Starting..." in beat.text(), 30, "beat has started")
    return beat


def ticks(*, after, before):
    jobs = Job.objects.filter(schedule="each", tick__gt=after, tick__lt=before).order_by("tick")
    return list(jobs.values_list("tick", flat=True))


def test_beats_go_on_after_their_clock_was_put_forward_and_back(stack, wall, every_second):
    begun(stack, **wall.environment), begun(stack, **wall.environment)
    now = datetime.now(UTC)
    then, far = now + timedelta(seconds=HOURS // 2), now + timedelta(days=9)
    wait_until(lambda: len(ticks(after=now, before=then)) >= 2, 30)
    wall.put(HOURS)
    wait_until(lambda: len(ticks(after=then, before=far)) >= 3, 30)
    wall.put(0)
    back = datetime.now(UTC)
    wait_until(lambda: len(ticks(after=back, before=then)) >= 5, 20)
    every_second.refresh_from_db()
    assert every_second.last_run_at < then
    found = ticks(after=now, before=far)
    assert len(set(found)) == len(found)


def test_a_beat_that_begins_after_the_clock_was_put_back_fires(stack, wall, every_second):
    wall.put(HOURS)
    beat = begun(stack, **wall.environment)
    future = datetime.now(UTC) + timedelta(seconds=HOURS // 2)
    wait_until(lambda: ticks(after=future, before=future + timedelta(days=9)), 30)
    assert beat.stop(20) == 0
    back = datetime.now(UTC)
    begun(stack)
    wait_until(lambda: len(ticks(after=back, before=future)) >= 3, 20)
