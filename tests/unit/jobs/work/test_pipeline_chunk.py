"""What becomes of the items of a chunk: against servers of pictures and other things."""

import itertools
import time

from jobs.work.pipeline import (
    Failure,
    Item,
    Originals,
    Stage,
)
from tests.unit.jobs.work.pipeline_samples import (
    Told,
    blank,
    folder,
    items_of,
    policy,
    run_items,
)
from tests.unit.jobs.work.servers import serving


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

    assert time.monotonic() - started < 30
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
