"""Boxes that a picture is fitted into: 640x480, and lists of them. In pixels."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from jobs.work.images.errors import BadSize

MAX_SIDE = 10_000
MAX_SIZES = 20

_PATTERN = re.compile(r"\s*([0-9]{1,6})\s*[xX×]\s*([0-9]{1,6})\s*")


@dataclass(frozen=True, slots=True)
class Size:
    """A box in pixels, 1 to 10000 on each side. Raises BadSize."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE):
            raise BadSize(f"The size {self} is out of range: each side is 1 to {MAX_SIDE} pixels.")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "640x480". Raises BadSize, which names the text."""
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise BadSize(f"{text[:40]!r} is not a size: write WIDTHxHEIGHT, such as 640x480.")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def covering(cls, sizes: Iterable[Self]) -> Self:
        """Return the smallest box that every one of these fits into."""
        boxes = tuple(sizes)
        return cls(max(box.width for box in boxes), max(box.height for box in boxes))


DEFAULT_SIZE = Size(640, 480)


def parse_sizes(text: str) -> tuple[Size, ...]:
    """Read "640x480,200x200": 1 to 20 sizes in the order given, each once. Raises BadSize."""
    if not text.strip():
        raise BadSize("There is no size: write at least one, such as 640x480.")
    sizes = tuple(dict.fromkeys(Size.parse(part) for part in text.split(",")))
    if len(sizes) > MAX_SIZES:
        raise BadSize(f"{len(sizes)} sizes are too many: one picture gets at most {MAX_SIZES}.")
    return sizes
