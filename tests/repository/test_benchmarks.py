"""The benchmark runs and says what it came to, on a load that is too small to measure anything."""

import subprocess
import sys

import pytest

from benchmarks.measure import Figures
from benchmarks.targets import TARGETS, verdicts
from config import env


@pytest.mark.parametrize("system", ["Hachi, SQLite, prefork 2", "stock Celery, no rows, prefork 2"])
def test_a_round_of_a_system_prints_its_figures(system):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--jobs", "200", "--rounds", "1", "--only", system],
        cwd=env.ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"round 1: {system}: submit/s" in done.stdout
    assert "drain/s" in done.stdout


def figures(number):
    return Figures(*[number] * 6)


def test_a_target_is_reached_or_missed_beside_the_best_of_those_that_it_names():
    names = {name for target in TARGETS for name in (target.system, *target.against)}
    slow = dict.fromkeys(names, figures(100.0))
    lines = verdicts(slow)
    assert len(lines) == len(TARGETS)
    drains = [line for line in lines if "drain" in line]
    assert all(line.startswith("MISSED") and " 1.00x" in line for line in drains)
    quick = slow | {name: figures(600.0) for name in names if name.startswith("Hachi")}
    assert all(line.startswith("reached") for line in verdicts(quick) if "drain" in line)
    assert all(line.startswith("MISSED") for line in verdicts(quick) if "latency" in line)


def test_a_target_whose_systems_were_not_measured_is_not_judged():
    assert verdicts({"Hachi, SQLite, prefork 2": figures(1.0)}) == []
