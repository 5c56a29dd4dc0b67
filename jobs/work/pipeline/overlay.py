"""A template made ready for pictures of one size: once in a process, and only where it is not
empty.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from PIL import Image

from jobs.work.pipeline.pixels import decoded
from jobs.work.pipeline.recipe import LARGEST, Anchor, Mode, Recipe

CACHE_BYTES = 48_000_000
_TILE = 256
_COLUMNS = {"left": 0.0, "right": 1.0}
_ROWS = {"top": 0.0, "bottom": 1.0}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the template with something on it, and where it lies on the picture."""

    image: Image.Image  # RGBA
    colours: Image.Image  # the same, RGB
    #: None: opaque all over.
    mask: Image.Image | None
    at: tuple[int, int]

    @property
    def bytes(self) -> int:
        return self.image.width * self.image.height * 8


Overlay = tuple[Piece, ...]


class OverlayCache:
    """Overlays by recipe and size of the picture; the least recently used go first."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most = most_bytes
        self._held: OrderedDict[tuple[object, ...], Overlay] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def overlay(self, recipe: Recipe, width: int, height: int) -> Overlay:
        """The overlay for a picture of this size."""
        look = (recipe.mode, recipe.anchor, recipe.scale, recipe.margin, recipe.opacity)
        key = (recipe.digest, *look, width, height)
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            overlay = prepared(recipe, width, height)
            self._add(key, overlay)
            return overlay

    def _add(self, key: tuple[object, ...], overlay: Overlay) -> None:
        if _size(overlay) > self._most:
            return  # for a picture as large as that, the time is in the picture
        self._held[key] = overlay
        self._bytes += _size(overlay)
        while self._bytes > self._most:
            _, dropped = self._held.popitem(last=False)
            self._bytes -= _size(dropped)


def _size(overlay: Overlay) -> int:
    return sum(piece.bytes for piece in overlay)


def lay_on(picture: Image.Image, overlay: Overlay) -> Image.Image:
    """Lay an overlay on a picture in RGB or RGBA; the picture itself may be changed."""
    if picture.readonly:
        picture = picture.copy()
    for piece in overlay:
        if picture.mode == "RGBA":
            picture.alpha_composite(piece.image, piece.at)
        elif piece.mask is None:
            picture.paste(piece.colours, piece.at)
        else:
            picture.paste(piece.colours, piece.at, piece.mask)
    return picture


def prepared(recipe: Recipe, width: int, height: int) -> Overlay:
    """Scale the template for a picture of this size and cut it into pieces."""
    template = decoded(recipe.template, recipe.template_info, LARGEST, lambda: None).convert("RGBA")
    sheet, left, top = _placed(template, recipe, width, height)
    if recipe.opacity < 1:
        sheet.putalpha(sheet.getchannel("A").point(lambda alpha: round(alpha * recipe.opacity)))
    return tuple(_pieces(sheet, left, top))


def _placed(
    template: Image.Image, recipe: Recipe, width: int, height: int
) -> tuple[Image.Image, int, int]:
    match recipe.mode:
        case Mode.FRAME:
            return _resized(template, (width, height)), 0, 0
        case Mode.COVER:
            return _covering(template, width, height), 0, 0
        case Mode.STAMP:
            short = min(width, height)
            ratio = recipe.scale * short / max(template.size)
            stamp = _resized(template, (template.width * ratio, template.height * ratio))
            margin = round(recipe.margin * short)
            left, top = _corner(recipe.anchor, (width, height), stamp.size, margin)
            return stamp, left, top


def _corner(
    anchor: Anchor, picture: tuple[int, int], stamp: tuple[int, int], margin: int
) -> tuple[int, int]:
    """The stamp's upper left corner; a stamp that the margin would push out stays inside."""
    words = anchor.split("-")
    shares = (
        next((_COLUMNS[word] for word in words if word in _COLUMNS), 0.5),
        next((_ROWS[word] for word in words if word in _ROWS), 0.5),
    )
    places = []
    for share, whole, part in zip(shares, picture, stamp, strict=True):
        room = max(0, whole - part)
        inset = min(margin, room // 2)
        places.append(inset + round((room - 2 * inset) * share))
    return places[0], places[1]


def _covering(template: Image.Image, width: int, height: int) -> Image.Image:
    # The part that will be seen is cut out first: what hangs over may be a thousand times as much.
    ratio = max(width / template.width, height / template.height)
    part = (width / ratio, height / ratio)
    left, top = (template.width - part[0]) / 2, (template.height - part[1]) / 2
    return _resized(template, (width, height), (left, top, left + part[0], top + part[1]))


def _resized(
    template: Image.Image,
    size: tuple[float, float],
    part: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    width, height = max(1, round(size[0])), max(1, round(size[1]))
    # With the colours multiplied by alpha, so that what is transparent lends no colour to an edge.
    multiplied = template.convert("RGBa")
    scaled = multiplied.resize((width, height), Image.Resampling.LANCZOS, part)
    return scaled.convert("RGBA")


def _pieces(sheet: Image.Image, left: int, top: int) -> list[Piece]:
    """Tiles, each cut down to what is not empty: a frame costs its border, not its middle."""
    found = []
    for y in range(0, sheet.height, _TILE):
        for x in range(0, sheet.width, _TILE):
            tile = sheet.crop((x, y, min(x + _TILE, sheet.width), min(y + _TILE, sheet.height)))
            box = tile.getchannel("A").getbbox()
            if box is not None:
                found.append(_piece(tile.crop(box), (left + x + box[0], top + y + box[1])))
    return found


def _piece(image: Image.Image, at: tuple[int, int]) -> Piece:
    mask = image.getchannel("A")
    opaque = mask.getextrema() == (255, 255)
    return Piece(image, image.convert("RGB"), None if opaque else mask, at)
