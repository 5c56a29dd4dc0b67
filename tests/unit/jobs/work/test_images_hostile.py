"""Every hostile picture ends in BadImage or in a picture, soon, and in little memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.jobs.work.image_corpus import HOSTILE

ROOT = Path(__file__).parents[4]
SECONDS = 20  # for each picture, by SIGALRM; all of them together take about five
MEGABYTES = 600
ADDRESS_SPACE = 2_000_000_000


@pytest.fixture(scope="module")
def outcomes():
    """All of them in one subprocess, each in a fork of it that dies at the deadline."""
    command = [sys.executable, "-m", "tests.unit.jobs.work.image_trial"]
    done = subprocess.run(
        [*command, str(SECONDS), str(ADDRESS_SPACE)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_does_no_harm(name, outcomes):
    outcome = outcomes[name]
    assert outcome["ends"] in HOSTILE[name].ends, outcome
    assert outcome["seconds"] < SECONDS
    assert outcome["megabytes"] < MEGABYTES
