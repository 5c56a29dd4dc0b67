"""The three stages over many items, side by side."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from jobs.work import fetch
from jobs.work.fetch import FetchError
from jobs.work.images import BadImage
from jobs.work.pipeline import classes
from jobs.work.pipeline.composition import compose
from jobs.work.pipeline.destination import Destination
from jobs.work.pipeline.errors import ItemFailed
from jobs.work.pipeline.failures import Stage
from jobs.work.pipeline.flow import Flow
from jobs.work.pipeline.gate import Gate
from jobs.work.pipeline.items import Item, Outcome, failed
from jobs.work.pipeline.originals import Originals
from jobs.work.pipeline.policy import ChunkPolicy
from jobs.work.pipeline.recipe import Recipe
from jobs.work.pipeline.steps import ACCEPT

#: Takes what has ended since the last call (possibly nothing), and how far the chunk is.
Tell = Callable[[Sequence[Outcome], Flow], None]


def run_chunk(
    items: Iterable[Item],
    recipe: Recipe,
    destination: Destination,
    policy: ChunkPolicy,
    *,
    stop: Callable[[], bool],
    tell: Tell,
    originals: Originals | None = None,
    gate: Gate | None = None,
) -> Flow:
    """Download, compose and upload every item; each is told exactly once, unless it was stopped.

    `items` may be any iterable, also an endless one: it is read as far ahead as there is room.
    `items`, `stop` and `tell` are called in the caller's thread only, `stop` several times a
    second, `tell` at least every `policy.tell_seconds` (with no outcomes if there is nothing new).
    `gate` is called in the thread that downloads.

    An item whose original is kept is not downloaded. Returns the final counts when every item has
    ended, or soon after `stop` has said yes (then `stopped` is set). What `stop`, `tell` or
    `items` raise ends the chunk in the same way and is passed on. DestinationDown is raised after
    everything that had ended was told; the rest was not begun, or is lost, and may be run again.
    Whatever happens: when this returns, no thread, socket or temporary file of it is left.

    Evaluates pixels: only in processes that will not fork afterwards.
    """
    flow = Flow()
    for item in items:
        if stop():
            return replace(flow, stopped=True)
        try:
            outcome = _run_one(item, recipe, destination, policy, originals)
            flow = replace(flow, done=flow.done + 1, bytes_out=flow.bytes_out + outcome.bytes_out)
        except ItemFailed as error:
            outcome = failed(item, error)
            flow = replace(flow, failed=flow.failed + 1)
        tell([outcome], flow)
    return flow


def _run_one(
    item: Item,
    recipe: Recipe,
    destination: Destination,
    policy: ChunkPolicy,
    originals: Originals | None,
) -> Outcome:
    data = originals.find(item.url) if originals else None
    try:
        if data is None:
            data = fetch.fetch(item.url, policy.fetch, accept=ACCEPT).body
        kept = originals.keep(item.url, data) if originals else ""
        made = compose(data, recipe, limits=policy.limits, thumbnail_side=policy.thumbnail_side)
    except FetchError as error:
        raise classes.download_failed(error) from error
    except BadImage as error:
        raise classes.compose_failed(error) from error
    stored = destination.put(item.name, made.data, recipe.format.content_type)
    return Outcome(
        item=item,
        stage=Stage.UPLOAD,
        bytes_in=len(data),
        bytes_out=stored.size,
        width=made.width,
        height=made.height,
        etag=stored.etag,
        original=kept,
        thumbnail=made.thumbnail,
    )
