"""Which tasks are short enough to be handed over together."""

from jobs.engine.pool.pace import Pace


def ran(seconds, times, pace=None):
    pace = pace or Pace()
    for _ in range(times):
        pace.note("task", seconds)
    return pace


def test_what_was_not_measured_goes_alone():
    assert Pace().together("task") == 1
    assert ran(0.001, 31).together("task") == 1


def test_short_tasks_go_together_for_ten_milliseconds_of_work():
    assert ran(0.001, 200).together("task") == 10
    assert ran(0.00001, 200).together("task") == 32
    assert ran(0.004, 200).together("task") == 2


def test_a_task_that_takes_five_milliseconds_goes_alone():
    assert ran(0.005, 200).together("task") == 1


def test_one_long_run_makes_a_task_go_alone_for_the_next_runs():
    pace = ran(0.0001, 64)
    pace.note("task", 1)
    assert pace.together("task") == 1
    assert ran(0.0001, 31, pace).together("task") == 1
    assert ran(0.0001, 120, pace).together("task") > 1
