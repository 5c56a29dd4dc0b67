"""Every hostile picture ends in BadImage or in a picture, soon, and in little memory."""

import pytest

from tests.unit.jobs.work.hostile import assert_does_no_harm, outcomes_of
from tests.unit.jobs.work.image_corpus import HOSTILE


@pytest.fixture(scope="module")
def outcomes():
    return outcomes_of("image_trial")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_does_no_harm(name, outcomes):
    assert_does_no_harm(outcomes[name], HOSTILE[name].ends)
