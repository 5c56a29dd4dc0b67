"""Templates, recipes and places for the tests of the pipeline."""

import time
from pathlib import Path

from django.core.files.storage import FileSystemStorage
from PIL import Image, ImageDraw

from jobs.work.fetch import Policy
from jobs.work.pipeline import ChunkPolicy, Item, Recipe, StorageDestination, run_chunk
from tests.unit.jobs.work.image_corpus import encode

RED = (255, 0, 0)
WHITE = (255, 255, 255)


def stamp(alpha: int = 255) -> bytes:
    """A red disc of 100 x 100 in the middle of 200 x 200 of nothing."""
    picture = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((50, 50, 150, 150), fill=(*RED, alpha))
    return encode(picture, "PNG")


def frame(width: int = 300, height: int = 200) -> bytes:
    """A red border, a tenth of its width thick, around nothing."""
    picture = Image.new("RGBA", (width, height), (*RED, 255))
    inner = (width // 10, height // 10, width - width // 10 - 1, height - height // 10 - 1)
    ImageDraw.Draw(picture).rectangle(inner, fill=(0, 0, 0, 0))
    return encode(picture, "PNG")


def blank(width: int = 400, height: int = 300, form: str = "JPEG") -> bytes:
    """A white picture."""
    return encode(Image.new("RGB", (width, height), WHITE), form)


def recipe(**changes: object) -> Recipe:
    return Recipe(**{"template": stamp(), **changes})


def folder(path: Path) -> StorageDestination:
    return StorageDestination(FileSystemStorage(location=path))


def policy(**changes: object) -> ChunkPolicy:
    """Quick, and with loopback allowed."""
    quick = Policy(max_bytes=2_000_000, total_seconds=20, allow_loopback=True)
    return ChunkPolicy(**{"fetch": quick, "tries": 1, "retry_seconds": 0.05, **changes})


class Told:
    """Takes what a chunk tells, and may say stop after so many outcomes."""

    def __init__(self, stop_after=None):
        self.outcomes = []
        self.flows = []
        self.stop_after = stop_after
        self.stopped_at = None

    def __call__(self, outcomes, flow):
        self.outcomes += outcomes
        self.flows.append(flow)

    def stop(self):
        if self.stop_after is not None and len(self.outcomes) >= self.stop_after:
            self.stopped_at = self.stopped_at or time.monotonic()
        return self.stopped_at is not None

    def by_number(self):
        assert len({outcome.item.number for outcome in self.outcomes}) == len(self.outcomes)
        return {outcome.item.number: outcome for outcome in self.outcomes}

    def failures(self):
        return {n: outcome.failure for n, outcome in self.by_number().items()}


def items_of(url, *paths):
    return [Item(n, f"{url}{path}", f"out/{n}.jpg") for n, path in enumerate(paths)]


def run_items(items, destination, told, originals=None, gate=None, **changes):
    return run_chunk(
        items,
        recipe(),
        destination,
        policy(**{"tell_seconds": 0.05, **changes}),
        stop=told.stop,
        tell=told,
        originals=originals,
        gate=gate,
    )
