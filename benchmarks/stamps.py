"""The template of the measurements: a round stamp with a soft edge and letters of its own."""

import io

from PIL import Image, ImageDraw, ImageFilter


def stamp() -> bytes:
    """A PNG of 600 x 600 with transparency."""
    picture = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 60, 540, 540), fill=(200, 30, 30, 200))
    draw.ellipse((110, 110, 490, 490), fill=(255, 255, 255, 120))
    for n in range(6):
        draw.rectangle((170 + 45 * n, 200, 195 + 45 * n, 400), fill=(20, 20, 60, 255))
    out = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(3)).save(out, "PNG")
    return out.getvalue()
