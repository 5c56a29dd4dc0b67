"""A chunk that is stopped, or whose destination or caller breaks off, leaves nothing behind."""

import gc
import itertools
import random
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from jobs.work.pipeline import (
    DestinationDown,
    Item,
    S3Destination,
    run_chunk,
)
from tests.servers.buckets import set_status, sink
from tests.unit.jobs.work.pipeline_samples import (
    Told,
    folder,
    items_of,
    policy,
    recipe,
    run_items,
)

DEADLINE = 30


@pytest.fixture(scope="module")
def place():
    with sink(latency=0.05) as running:
        # The runtime under obstore has two sockets of its own, from the first use on.
        with closing(S3Destination(running)) as first:
            first.check()
        yield running


def _sockets():
    gc.collect()
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists the folder is gone again
            found += str(descriptor.readlink()).startswith("socket:")
    return found


def _threads():
    return [t.name for t in threading.enumerate() if t.name.startswith(("pipeline", "s3"))]


def _nothing_is_left(sockets_before):
    assert _threads() == []
    # obstore closes its connections on a thread of its own, a moment after.
    deadline = time.monotonic() + DEADLINE
    while _sockets() > sockets_before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _sockets() <= sockets_before


@pytest.mark.parametrize("seed", range(4))
def test_a_stop_at_any_moment_leaves_nothing_behind(seed, pictures, place):
    dice = random.Random(seed)
    kinds = ("photo", "photo", "photo", "silent", "slow", "endless", "missing", "bomb")
    paths = (f"/{dice.choice(kinds)}/{n}" for n in itertools.count())
    items = (Item(n, f"{pictures}{path}", f"{n}.jpg") for n, path in enumerate(paths))
    told = Told(stop_after=dice.randrange(40))
    before = _sockets()

    flow = run_items(items, S3Destination(place), told, per_host=12)
    took = time.monotonic() - told.stopped_at

    assert took < 10  # the silent ones are given up after 20 s
    _nothing_is_left(before)
    assert flow.stopped
    done = sum(outcome.done for outcome in told.outcomes)
    assert (flow.done, flow.failed) == (done, len(told.by_number()) - done)
    assert min(flow.waiting, flow.downloading, flow.composing, flow.uploading) >= 0


def test_a_stop_in_a_folder_leaves_no_half_file(pictures, tmp_path):
    told = Told(stop_after=5)
    items = (Item(n, f"{pictures}/photo/{n}", f"{n}.jpg") for n in itertools.count())

    run_items(items, folder(tmp_path), told)

    assert {path.name for path in tmp_path.iterdir()} == {
        outcome.item.name for outcome in told.outcomes
    }


def test_a_stop_ends_an_upload_that_hangs(pictures):
    told = Told()
    with sink(latency=60) as hanging:
        items = items_of(pictures, *(f"/photo/{n}" for n in range(5)))
        told.stop = lambda: any(flow.uploading for flow in told.flows)
        started = time.monotonic()
        flow = run_items(items, S3Destination(hanging), told)

        assert time.monotonic() - started < DEADLINE  # the bucket takes twice as long
    assert flow.stopped
    assert told.outcomes == []
    assert flow.uploading > 0


def test_a_destination_that_goes_down_fails_no_item(pictures, place):
    class Breaking(Told):
        def stop(self):
            if len(self.outcomes) >= 3:
                set_status(place, 503)
            return False

    told = Breaking()
    items = items_of(pictures, *(f"/photo/{n}" for n in range(150)))
    before = _sockets()

    try:
        with pytest.raises(DestinationDown) as raised:
            run_items(items, S3Destination(place), told)
    finally:
        set_status(place, 200)

    assert raised.value.passes
    assert all(outcome.done for outcome in told.outcomes)
    assert 3 <= len(told.by_number()) < 150
    _nothing_is_left(before)
    rest = [item for item in items if item.number not in told.by_number()][:10]
    again = Told()
    assert run_items(rest, S3Destination(place), again).done == len(rest)


def test_wrong_credentials_are_not_tried_again(pictures, place):
    told = Told()
    set_status(place, 403)

    try:
        with pytest.raises(DestinationDown) as raised:
            run_items(items_of(pictures, "/photo/1"), S3Destination(place), told, retry_seconds=60)
    finally:
        set_status(place, 200)

    assert (raised.value.trouble, raised.value.passes) == ("credentials", False)
    assert told.outcomes == []


class Broken(Exception):
    """What a caller's own code raises."""


def _raise(*_):
    raise Broken


@pytest.mark.parametrize("where", ["stop", "tell", "items"])
def test_what_the_caller_raises_is_passed_on_and_leaves_nothing(where, pictures, place):
    def items():
        yield from items_of(pictures, *(f"/photo/{n}" for n in range(10)))
        if where == "items":
            raise Broken

    before = _sockets()
    with pytest.raises(Broken):
        run_chunk(
            items(),
            recipe(),
            S3Destination(place),
            policy(),
            stop=_raise if where == "stop" else lambda: False,
            tell=_raise if where == "tell" else lambda outcomes, flow: None,
        )

    _nothing_is_left(before)
