"""Chunks of items against a server that serves pictures and other things."""

import pytest

from jobs.work.pipeline import Failure, Item, Originals, Stage, run_chunk
from tests.unit.jobs.work.pipeline_samples import blank, folder, policy, recipe
from tests.unit.jobs.work.servers import serving


def _serve(conversation):
    match conversation.path:
        case "/missing":
            conversation.answer(404)
        case "/page":
            conversation.answer(body=b"<html>")
        case _:
            conversation.answer(body=blank())


@pytest.fixture
def server():
    with serving(_serve) as running:
        yield running


def _items(server, *paths):
    return [Item(n, server.url(path), f"out/{n}.jpg") for n, path in enumerate(paths)]


class Told:
    """Takes what a chunk tells."""

    def __init__(self):
        self.outcomes = []
        self.flows = []

    def __call__(self, outcomes, flow):
        self.outcomes += outcomes
        self.flows.append(flow)

    def by_number(self):
        return {outcome.item.number: outcome for outcome in self.outcomes}


def _run(items, tmp_path, told, stop=lambda: False, originals=None, **changes):
    out = folder(tmp_path / "out")
    return run_chunk(
        items, recipe(), out, policy(**changes), stop=stop, tell=told, originals=originals
    )


def test_every_item_ends_in_a_file_or_in_a_class(server, tmp_path):
    told = Told()

    flow = _run(_items(server, "/a", "/missing", "/page", "/b"), tmp_path, told)

    ends = {n: outcome.failure for n, outcome in told.by_number().items()}
    assert ends == {0: None, 1: Failure.NOT_FOUND, 2: Failure.NOT_AN_IMAGE, 3: None}
    assert [told.by_number()[n].stage for n in (1, 2)] == [Stage.DOWNLOAD, Stage.COMPOSE]
    assert (flow.done, flow.failed, flow.stopped) == (2, 2, False)
    assert len(told.outcomes) == 4
    for n in (0, 3):
        file = tmp_path / f"out/out/{n}.jpg"
        assert file.stat().st_size == told.by_number()[n].bytes_out


def test_an_original_that_is_kept_is_not_downloaded_again(server, tmp_path):
    originals = Originals(folder(tmp_path / "kept"), "batch")
    items = _items(server, "/a", "/b")

    _run(items, tmp_path, Told(), originals=originals)
    told = Told()
    _run(items, tmp_path, told, originals=originals)

    assert len(server.requests) == 2
    assert all(outcome.done and outcome.original for outcome in told.outcomes)
