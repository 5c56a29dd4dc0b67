"""The parts of the suite: every test once for each leg, and a failure of one is a failure."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import side_by_side
from scripts.side_by_side import Part, parts_of, run
from scripts.test import LEGS

ROOT = Path(__file__).parents[3]


def found_in(places):
    files = [ROOT / place for place in places if place.endswith(".py")]
    return sorted(
        [*files, *(path for place in places for path in (ROOT / place).rglob("test_*.py"))]
    )


@pytest.mark.parametrize("leg", LEGS)
def test_the_parts_of_a_leg_have_each_of_its_tests_once(leg):
    parts = [place for part in parts_of(LEGS) if part.leg == leg for place in part.places]
    assert found_in(parts) == found_in(LEGS[leg])
    assert len(parts_of({leg: LEGS[leg]})) == side_by_side._CUTS + 1


def test_the_longest_parts_begin_first():
    names = [part.name for part in parts_of(LEGS)]
    assert ["acceptance" in name for name in names] == [False] * 2 + [True] * 2 * side_by_side._CUTS


@pytest.fixture
def commands(monkeypatch):
    """What a part runs instead of tests: a line of Python, by the name of its leg."""
    lines = {}

    def command(self):
        return [sys.executable, "-c", lines[self.leg]]

    monkeypatch.setattr(side_by_side, "_command", command)
    return lines


def test_all_parts_run_at_the_same_time_and_one_that_fails_is_named(commands, capfd, tmp_path):
    meet = (
        "import pathlib, sys, time\n"
        "here, there = (pathlib.Path(name) for name in {files!r})\n"
        "here.touch()\n"
        "end = time.monotonic() + 60\n"
        "while not there.exists() and time.monotonic() < end: time.sleep(0.02)\n"
        "print('they met' if there.exists() else 'nobody came')\n"
        "sys.exit({code})\n"
    )
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    commands["sqlite"] = meet.format(files=(one, two), code=0)
    commands["postgres"] = meet.format(files=(two, one), code=1)
    assert run([Part(leg, "unit", ["tests/unit"]) for leg in LEGS]) == 1
    said = capfd.readouterr().out
    assert said.count("they met") == 2
    assert "FAILED: postgres: unit" in said
    assert "FAILED: sqlite" not in said


def test_no_more_than_a_few_parts_run_at_once_and_the_others_follow(commands, capfd, monkeypatch):
    monkeypatch.setattr(side_by_side, "_AT_ONCE", 1)
    commands["sqlite"] = "print('ran')"
    assert run([Part("sqlite", str(number), ["tests/unit"]) for number in range(3)]) == 0
    order = [line.split(":")[0] for line in capfd.readouterr().out.splitlines() if "sqlite" in line]
    assert order == ["Begins", "===== sqlite"] * 3


def test_a_run_that_is_stopped_leaves_no_part_behind(tmp_path):
    noted = tmp_path / "pid"
    child = f"import os, pathlib, time; pathlib.Path({str(noted)!r}).write_text(str(os.getpid()))"
    script = (
        "import signal, sys\n"
        "from scripts import side_by_side\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit('stopped'))\n"
        f"line = {child + '; time.sleep(600)'!r}\n"
        "side_by_side._command = lambda part: [sys.executable, '-c', line]\n"
        "side_by_side.run([side_by_side.Part('sqlite', 'unit', ['tests/unit'])])\n"
    )
    runner = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _wait_for(lambda: noted.exists() and noted.read_text())
    runner.send_signal(signal.SIGTERM)
    assert b"stopped" in runner.communicate(timeout=60)[1]
    _wait_for(lambda: not Path(f"/proc/{noted.read_text()}/cmdline").exists())


def _wait_for(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
