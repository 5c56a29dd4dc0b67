"""Photos that look like a camera's to a program: edges, texture, noise, and as many bytes.

Discs of all sizes over each other (the statistics of edges in nature), a little blur for the
lens, and noise for the sensor. The same every time.
"""

import io
import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIZES = ((1280, 960), (1440, 960), (1024, 1536), (1600, 1200))
KINDS = 8


@lru_cache
def photo(kind: int) -> bytes:
    """A JPEG of 1.2 to 1.9 megapixels and about half a megabyte."""
    dice = random.Random(kind)
    width, height = SIZES[kind % len(SIZES)]
    picture = Image.new("RGB", (width, height), _colour(dice))
    draw = ImageDraw.Draw(picture)
    for _ in range(900):
        radius = min(5 / (1 - dice.random()) ** 0.8, height / 3)
        x, y = dice.uniform(0, width), dice.uniform(0, height)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_colour(dice))
    picture = picture.filter(ImageFilter.GaussianBlur(0.7))
    grain = Image.effect_noise((width, height), 18)
    noisy = ImageChops.add(picture, Image.merge("RGB", (grain,) * 3), offset=-128)
    out = io.BytesIO()
    noisy.save(out, "JPEG", quality=88)
    return out.getvalue()


def _colour(dice: random.Random) -> tuple[int, int, int]:
    return dice.randrange(256), dice.randrange(256), dice.randrange(256)
