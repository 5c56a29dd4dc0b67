"""Runs a script that works on each hostile picture; says how much time and memory is too much."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[4]
SECONDS = 20  # for each picture, by SIGALRM; all of them together take about five
MEGABYTES = 600
ADDRESS_SPACE = 2_000_000_000


def outcomes_of(script: str) -> dict[str, Any]:
    """All of them in one subprocess, each in a fork of it that dies at the deadline."""
    command = [sys.executable, "-m", f"tests.unit.jobs.work.{script}"]
    done = subprocess.run(
        [*command, str(SECONDS), str(ADDRESS_SPACE)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=300,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assert_does_no_harm(outcome: dict[str, Any], ends: tuple[str, ...] | set[str]) -> None:
    assert outcome["ends"] in ends, outcome
    assert outcome["seconds"] < SECONDS
    assert outcome["megabytes"] < MEGABYTES
