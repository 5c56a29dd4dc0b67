"""A picture and a template in, one picture out."""

from dataclasses import dataclass, replace

from PIL import Image

from jobs.work.images import Format, Limits, inspect
from jobs.work.pipeline.overlay import OverlayCache, lay_on
from jobs.work.pipeline.pixels import Watch, decoded, encoded, flattened
from jobs.work.pipeline.policy import LIMITS
from jobs.work.pipeline.recipe import Recipe

#: One for the process: a template is scaled once for all pictures of one size.
overlays = OverlayCache()


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
    picture = decoded(photo, info, recipe.box, watch)
    watch()
    if picture.mode == "RGBA" and recipe.format is Format.JPEG:
        picture = flattened(picture)
    picture = lay_on(picture, overlays.overlay(recipe, *picture.size))
    watch()
    return Composed(
        data=encoded(picture, recipe.format, recipe.quality),
        width=picture.width,
        height=picture.height,
        format=recipe.format,
        thumbnail=_thumbnail(picture, thumbnail_side) if thumbnail_side else b"",
    )


def preview(photo: bytes, recipe: Recipe, max_side: int) -> Composed:
    """What `compose` would make, no larger than `max_side` on either side. Raises BadImage."""
    smaller = replace(
        recipe,
        max_width=min(recipe.max_width or max_side, max_side),
        max_height=min(recipe.max_height or max_side, max_side),
    )
    return compose(photo, smaller)


def _thumbnail(picture: Image.Image, side: int) -> bytes:
    ratio = min(1.0, side / max(picture.size))
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    small = picture.convert("RGB") if picture.mode != "RGB" else picture
    return encoded(small.resize(size, reducing_gap=1.5), Format.JPEG, 75)
