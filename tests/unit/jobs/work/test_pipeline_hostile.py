"""In `compose` every hostile picture ends as a failure or as a picture, soon and in bounded memory.

Its limits and its decoders are other ones than those of `images.render`.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.jobs.work.compose_trial import FORMATS
from tests.unit.jobs.work.image_corpus import HOSTILE

ROOT = Path(__file__).parents[4]
SECONDS = 20  # for each picture, by SIGALRM
MEGABYTES = 600
ADDRESS_SPACE = 2_000_000_000
REASONS = {reason for hostile in HOSTILE.values() for reason in hostile.ends}


@pytest.fixture(scope="module")
def outcomes():
    """All of them in one subprocess, each in a fork of it that dies at the deadline."""
    command = [sys.executable, "-m", "tests.unit.jobs.work.compose_trial"]
    done = subprocess.run(
        [*command, str(SECONDS), str(ADDRESS_SPACE)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("form", [str(form) for form in FORMATS])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_does_no_harm_to_a_chunk(name, form, outcomes):
    outcome = outcomes[form][name]
    assert outcome["ends"] in REASONS, outcome
    assert outcome["seconds"] < SECONDS
    assert outcome["megabytes"] < MEGABYTES


def test_what_is_no_picture_at_all_fails_in_both(outcomes):
    wrong = {name for name, hostile in HOSTILE.items() if hostile.ends == ("format",)}
    assert wrong
    ends = {outcomes[str(form)][name]["ends"] for form in FORMATS for name in wrong}
    assert ends == {"format"}
