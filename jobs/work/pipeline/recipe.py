"""What is done to every picture of a batch."""

import hashlib
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from jobs.work.images import BadImage, Format, ImageInfo, Limits, Size, inspect
from jobs.work.images.sizes import MAX_SIDE
from jobs.work.pipeline.errors import BadRecipe

TEMPLATE_LIMITS = Limits(
    size_bytes=20_000_000, pixels=dict.fromkeys(Format, 16_000_000), multiscan_pixels=16_000_000
)
OUTPUTS = (Format.JPEG, Format.PNG, Format.WEBP)
LARGEST = Size(MAX_SIDE, MAX_SIDE)


class Mode(StrEnum):
    """How the template lies on the picture."""

    #: Small, at an anchor, as large as `scale` says.
    STAMP = "stamp"
    #: Over the whole picture in its own proportions; what hangs over is cut off.
    COVER = "cover"
    #: Over the whole picture, stretched to its proportions: for frames and borders.
    FRAME = "frame"


class Anchor(StrEnum):
    """Where a stamp lies."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom-right"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A template and how it is laid on; the output's format and size. Raises BadRecipe.

    Making one reads the template's header and nothing more, so web processes may do it.
    """

    #: The file: PNG or WebP with transparency as a rule; JPEG, GIF and AVIF are read too.
    template: bytes = field(repr=False)
    mode: Mode = Mode.STAMP
    anchor: Anchor = Anchor.BOTTOM_RIGHT
    #: The stamp's longer side as a part of the picture's shorter side, 0.01 to 1.
    scale: float = 0.25
    #: From the edges, as a part of the picture's shorter side, 0 to 0.5.
    margin: float = 0.03
    #: 0.01 to 1; multiplies the template's own transparency.
    opacity: float = 1.0
    format: Format = Format.JPEG
    #: 1 to 100, for JPEG and WebP.
    quality: int = 85
    #: The output is made smaller to fit, never larger. 0: as it is (at most 10000).
    max_width: int = 0
    max_height: int = 0

    def __post_init__(self) -> None:
        for name, kind in (("mode", Mode), ("anchor", Anchor), ("format", Format)):
            object.__setattr__(self, name, _one_of(kind, getattr(self, name), name))
        if self.format not in OUTPUTS:
            raise BadRecipe("format", "The output can be JPEG, PNG or WebP.")
        _within("scale", self.scale, 0.01, 1)
        _within("margin", self.margin, 0, 0.5)
        _within("opacity", self.opacity, 0.01, 1)
        _whole("quality", self.quality, 1, 100)
        _whole("max_width", self.max_width, 0, MAX_SIDE)
        _whole("max_height", self.max_height, 0, MAX_SIDE)
        self.template_info  # noqa: B018 - raises if the template cannot be used

    @cached_property
    def template_info(self) -> ImageInfo:
        """Format and pixels of the template. Raises BadRecipe."""
        try:
            return inspect(self.template, TEMPLATE_LIMITS)
        except BadImage as error:
            raise BadRecipe("template", f"The template cannot be used. {error}") from error

    @property
    def box(self) -> Size:
        """What the output is fitted into."""
        return Size(self.max_width or MAX_SIDE, self.max_height or MAX_SIDE)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the template in hex: its name in a store, and in the cache."""
        return hashlib.sha256(self.template).hexdigest()

    def described(self) -> dict[str, Any]:
        """Everything but the template, for JSON: the counterpart of `read`."""
        values = asdict(self)
        del values["template"]
        return {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in values.items()
        }

    @classmethod
    def read(cls, values: dict[str, Any], template: bytes) -> Self:
        """Make a recipe of JSON values and the template's bytes. Raises BadRecipe."""
        known = set(cls.__dataclass_fields__) - {"template"}
        for name in values:
            if name not in known:
                raise BadRecipe(str(name), f"A recipe has no {str(name)[:40]!r}.")
        return cls(template=template, **values)


def _one_of(kind: type[StrEnum], value: object, name: str) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError:
        options = ", ".join(str(option) for option in (OUTPUTS if name == "format" else kind))
        raise BadRecipe(name, f"The {name} must be one of: {options}.") from None


def _within(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BadRecipe(name, f"The {name} must be a number from {least:g} to {most:g}.")


def _whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        words = name.replace("_", " ")
        raise BadRecipe(name, f"The {words} must be a whole number from {least} to {most}.")
