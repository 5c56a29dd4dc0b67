"""In `compose` every hostile picture ends as a failure or as a picture, soon and in bounded memory.

Its limits and its decoders are other ones than those of `images.render`.
"""

import pytest

from tests.unit.jobs.work.compose_trial import FORMATS
from tests.unit.jobs.work.hostile import assert_does_no_harm, outcomes_of
from tests.unit.jobs.work.image_corpus import HOSTILE

REASONS = {reason for hostile in HOSTILE.values() for reason in hostile.ends}


@pytest.fixture(scope="module")
def outcomes():
    return outcomes_of("compose_trial")


@pytest.mark.parametrize("form", [str(form) for form in FORMATS])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_picture_does_no_harm_to_a_chunk(name, form, outcomes):
    assert_does_no_harm(outcomes[form][name], REASONS)


def test_what_is_no_picture_at_all_fails_in_both(outcomes):
    wrong = {name for name, hostile in HOSTILE.items() if hostile.ends == ("format",)}
    assert wrong
    ends = {outcomes[str(form)][name]["ends"] for form in FORMATS for name in wrong}
    assert ends == {"format"}
