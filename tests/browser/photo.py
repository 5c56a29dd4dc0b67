"""A photo to upload: a real one that lies beside the repository, or one that looks like it."""

import io

from PIL import Image, ImageFilter

from tests.acceptance.stack import ROOT


def jpeg():
    """The bytes of a JPEG, larger than any screen."""
    found = sorted((ROOT.parent / "shared" / "photos").glob("*.jpg"))
    return found[0].read_bytes() if found else drawn()


def drawn(width=2400, height=1600):
    """A sky over hills in the haze, with the grain of a camera."""
    sky = Image.linear_gradient("L").resize((width, height))
    sky = Image.merge("RGB", [sky.point(lambda v, c=c: c + v * (240 - c) // 255) for c in _DUSK])
    for depth, colour in enumerate(_HILLS):
        hills = Image.effect_noise((9, 1), 90).resize((width, 1), Image.Resampling.BICUBIC)
        top = height * (5 + depth) // 9
        mask = Image.new("L", (width, height))
        for x, lift in enumerate(hills.tobytes()):
            mask.paste(255, (x, max(top - lift * (3 - depth) // 2, 0), x + 1, height))
        sky.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(2)))
    grain = Image.effect_noise((width, height), 24).convert("RGB")
    file = io.BytesIO()
    Image.blend(sky, grain, 0.06).save(file, "JPEG", quality=88)
    return file.getvalue()


_DUSK = (58, 84, 130)
_HILLS = ("#7d7f95", "#565a70", "#2f3446")
