"""What a child leaves in shared memory, and what its parent reads there."""

import os
import time

from jobs.engine.pool.regions import _NUMBER, Region, Regions


def test_the_parent_reads_what_a_forked_child_has_left_and_where_it_died():
    region = Region(5)
    region.clear()
    assert region.running == -1
    pid = os.fork()
    if pid == 0:
        for index in range(3):
            region.begin(index)
            if index == 2:
                os._exit(9)
            region.add(("outcome", index))
    os.waitpid(pid, 0)
    assert [outcome for _, outcome in region.outcomes(0)] == [("outcome", 0), ("outcome", 1)]
    assert region.running == 2


def test_reading_goes_on_where_it_ended():
    region = Region(6)
    region.clear()
    region.begin(0)
    region.add("first")
    [(after, _)] = region.outcomes(0)
    region.add("second")
    assert [outcome for _, outcome in region.outcomes(after)] == ["second"]


def test_what_does_not_fit_or_is_no_pickle_is_left_to_the_pool():
    region = Region(7)
    region.clear()
    region.begin(0)
    assert not region.add("x" * 70_000)
    assert not region.add(lambda: None)
    assert region.add("x" * 60_000)
    assert not region.add("x" * 6_000)
    assert len(list(region.outcomes(0))) == 1


def test_regions_do_not_overlap():
    first, second = Region(8), Region(9)
    for region in (first, second):
        region.clear()
        region.begin(0)
    while first.add("x" * 1_000):
        pass
    assert (second.running, list(second.outcomes(0))) == (0, [])


def test_a_region_whose_child_was_killed_rests_before_it_is_used_again(monkeypatch):
    regions = Regions()
    taken = [regions.take() for _ in range(_NUMBER)]
    assert regions.take() is None
    regions.give(taken[0], at_rest=True)
    assert regions.take() is taken[0]
    regions.give(taken[1], at_rest=False)
    assert regions.take() is None
    later = time.monotonic() + 11
    monkeypatch.setattr("jobs.engine.pool.regions.time.monotonic", lambda: later)
    assert regions.take() is taken[1]
