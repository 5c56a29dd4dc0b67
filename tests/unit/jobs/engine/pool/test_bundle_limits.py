"""The time limits of jobs that go to a child together."""

import pytest

from jobs.engine.pool.bundle import Bundle
from jobs.engine.pool.regions import Region


class Member:
    id = "a"

    def __init__(self, limits):
        self.limits_in = lambda pool: limits

    def enter_pool(self):
        return True

    def call(self):
        return ()


class Pool:
    given = None

    def apply_async(self, *_, **given):
        self.given = given


@pytest.mark.parametrize(
    ("limits", "given"),
    [((10, 5), (10.5, 5.5)), ((None, None), (None, None)), ((2, None), (2.5, None))],
)
def test_the_last_member_to_begin_has_its_whole_time(limits, given):
    pool = Pool()
    Bundle([Member(limits), Member(limits)], Region(0), home=None).execute_using_pool(pool)
    assert (pool.given["timeout"], pool.given["soft_timeout"]) == given
