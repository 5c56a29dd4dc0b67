"""Chunks of items against servers that serve pictures and other things."""

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
    Failure,
    Item,
    Originals,
    S3Destination,
    Stage,
    run_chunk,
)
from tests.servers.buckets import set_status, sink
from tests.servers.pictures import picture_server
from tests.unit.jobs.work.pipeline_samples import (
    Told,
    blank,
    folder,
    items_of,
    policy,
    recipe,
    run_items,
)
from tests.unit.jobs.work.servers import serving

DEADLINE = 30


@pytest.fixture(scope="module")
def pictures():
    with picture_server() as url:
        yield url


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


def test_every_item_ends_in_a_file_or_in_a_class(pictures, tmp_path):
    kinds = {
        "/photo/1.jpg": None,
        "/missing/1": Failure.NOT_FOUND,
        "/error/1": Failure.SERVER_ERROR,
        "/page/1.jpg": Failure.NOT_AN_IMAGE,
        "/truncated/1": Failure.BROKEN_IMAGE,
        "/private/1": Failure.BLOCKED,
        "/endless/1": Failure.TOO_LARGE,
        **{f"/bomb/{n}": Failure.OVERSIZED for n in range(5)},
        "/photo/2.jpg": None,
    }
    told = Told()

    flow = run_items(items_of(pictures, *kinds), folder(tmp_path), told)

    assert told.failures() == dict(enumerate(kinds.values()))
    assert (flow.done, flow.failed, flow.stopped) == (2, len(kinds) - 2, False)
    stages = {one.stage for one in told.outcomes if one.failure is Failure.OVERSIZED}
    assert stages == {Stage.COMPOSE}
    written = [outcome for outcome in told.outcomes if outcome.done]
    assert {tmp_path / one.item.name for one in written} == set(tmp_path.rglob("*.*"))
    assert all((tmp_path / one.item.name).stat().st_size == one.bytes_out for one in written)


def test_the_silent_and_the_slow_hold_up_nobody(pictures, tmp_path):
    paths = [f"/{kind}/{n}" for n in range(4) for kind in ("silent", "slow", "photo")]
    told = Told()
    quick = policy().fetch.__class__(
        total_seconds=3, low_speed_seconds=2, allow_loopback=True, max_bytes=2_000_000
    )

    started = time.monotonic()
    run_items(items_of(pictures, *paths), folder(tmp_path), told, fetch=quick, per_host=16)

    assert time.monotonic() - started < DEADLINE
    assert told.failures() == {n: (None if n % 3 == 2 else Failure.TOO_SLOW) for n in range(12)}


def test_what_is_worth_retrying_is_tried_again(pictures, tmp_path):
    told = Told()

    run_items(
        items_of(pictures, "/gone-on/1", "/busy/1", "/missing/9"), folder(tmp_path), told, tries=3
    )

    tries = {n: outcome.tries for n, outcome in told.by_number().items()}
    assert told.failures() == {0: None, 1: None, 2: Failure.NOT_FOUND}
    assert tries == {0: 2, 1: 2, 2: 1}


def test_a_server_that_asks_for_a_long_wait_fails_the_item_for_now(pictures, tmp_path):
    told = Told()

    run_items(items_of(pictures, "/busy/77"), folder(tmp_path), told, tries=3, longest_wait=0.5)

    outcome = told.outcomes[0]
    assert (outcome.failure, outcome.worth_retrying) == (Failure.BUSY, True)
    assert outcome.retry_after == 1
    assert outcome.tries == 1


def test_an_original_that_is_kept_is_not_downloaded_again(tmp_path):
    with serving(lambda conversation: conversation.answer(body=blank())) as server:
        originals = Originals(folder(tmp_path / "kept"), "batch")
        items = items_of(server.url(""), "/a", "/b")
        first, second = Told(), Told()

        run_items(items, folder(tmp_path / "out"), first, originals=originals)
        run_items(items, folder(tmp_path / "out"), second, originals=originals)

    assert len(server.requests) == 2
    for told in (first, second):
        assert all(outcome.done and outcome.original for outcome in told.outcomes)
        assert len(told.outcomes) == 2


def test_the_original_of_a_picture_that_cannot_be_composed_is_kept_too(tmp_path):
    with serving(lambda conversation: conversation.answer(body=b"<html>")) as server:
        originals = Originals(folder(tmp_path / "kept"), "batch")
        told = Told()
        run_items(items_of(server.url(""), "/a"), folder(tmp_path), told, originals=originals)

    assert told.outcomes[0].failure is Failure.NOT_AN_IMAGE
    assert originals.find(told.outcomes[0].item.url) == b"<html>"


def test_what_is_kept_is_bounded(tmp_path):
    originals = Originals(folder(tmp_path), "batch", most_bytes=10)

    assert originals.keep("http://a/", b"x" * 6)
    assert originals.keep("http://b/", b"x" * 6) == ""
    assert originals.find("http://b/") is None


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


def test_items_are_read_as_far_ahead_as_there_is_room(pictures, tmp_path):
    read = itertools.count()
    items = (Item(n, f"{pictures}/photo/{n}", f"{n}.jpg") for n in read)
    told = Told(stop_after=10)

    flow = run_items(items, folder(tmp_path), told)

    ended = flow.done + flow.failed
    assert next(read) - ended < 400


def test_downloads_wait_while_there_is_no_room_in_memory(pictures, tmp_path):
    told = Told()
    paths = [f"/photo/{n}" for n in range(30)]

    # Room for less than two photos: downloads are given up and begun again, and none is lost.
    flow = run_items(items_of(pictures, *paths), folder(tmp_path), told, buffer_bytes=1_000_000)

    assert flow.done == 30
    assert {outcome.tries for outcome in told.outcomes} == {1}


def test_progress_is_told_though_nothing_ends(pictures, tmp_path):
    told = Told()
    told.stop = lambda: sum(flow.downloading for flow in told.flows) >= 3

    flow = run_items(items_of(pictures, "/silent/1"), folder(tmp_path), told)

    assert told.outcomes == []
    assert flow.downloading == 1


def test_a_picture_that_takes_too_long_to_compose_fails_alone(pictures, tmp_path):
    told = Told()

    run_items(items_of(pictures, "/photo/1"), folder(tmp_path), told, compose_seconds=0)

    assert told.failures() == {0: Failure.TOO_SLOW}
    assert told.outcomes[0].stage is Stage.COMPOSE


def test_no_items_are_no_trouble(tmp_path):
    told = Told()

    assert run_items([], folder(tmp_path), told).done == 0
