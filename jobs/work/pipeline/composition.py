"""A picture and a template in, one picture out."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image

from jobs.work.images import Format, ImageInfo, Limits, inspect
from jobs.work.pipeline.killing import Watch
from jobs.work.pipeline.overlay import OverlayCache, lay_on
from jobs.work.pipeline.pixels import decoded, encoded, flattened
from jobs.work.pipeline.policy import LIMITS
from jobs.work.pipeline.recipe import Recipe

#: One for the process: a template is scaled once for all pictures of one size.
overlays = OverlayCache()
LARGE_PIXELS = 8_000_000
_large = threading.Lock()


@dataclass(frozen=True, slots=True)
class Composed:
    """The encoded output, its pixels, and a small JPEG of it if one was asked for."""

    data: bytes
    width: int
    height: int
    format: Format
    thumbnail: bytes = b""


def compose(
    photo: bytes,
    recipe: Recipe,
    *,
    limits: Limits = LIMITS,
    thumbnail_side: int = 0,
    watch: Watch = lambda: None,
) -> Composed:
    """Decode, lay the template on, encode. Raises BadImage for whatever is wrong with the photo.

    Evaluates pixels, so it runs only in processes that will not fork afterwards (the module
    `jobs.work.images.vips` says why). `watch` is called between steps; what it raises ends it.
    """
    info = inspect(photo, limits)
    with _alone_if_large(info, watch):
        picture = decoded(photo, info, recipe.box, watch)
        watch()
        if picture.mode == "RGBA" and recipe.format is Format.JPEG:
            picture = flattened(picture)
        picture = lay_on(picture, overlays.overlay(recipe, *picture.size))
        watch()
        return Composed(
            data=encoded(picture, recipe.format, recipe.quality, watch),
            width=picture.width,
            height=picture.height,
            format=recipe.format,
            thumbnail=_thumbnail(picture, thumbnail_side) if thumbnail_side else b"",
        )


@contextmanager
def _alone_if_large(info: ImageInfo, watch: Watch) -> Iterator[None]:
    """Let threads hold many small pictures at a time, but only one large one."""
    if info.width * info.height < LARGE_PIXELS:
        yield
        return
    while not _large.acquire(timeout=0.1):
        watch()
    try:
        yield
    finally:
        _large.release()


def _thumbnail(picture: Image.Image, side: int) -> bytes:
    ratio = min(1.0, side / max(picture.size))
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    small = picture.convert("RGB") if picture.mode != "RGB" else picture
    return encoded(small.resize(size, Image.Resampling.HAMMING, reducing_gap=1.0), Format.JPEG, 75)
