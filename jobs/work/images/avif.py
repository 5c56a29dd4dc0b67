"""AVIF, decoded by Pillow (dav1d): half the time and memory that libvips takes for it."""

import io

from PIL import AvifImagePlugin, ImageOps
from PIL.Image import Image

from jobs.work.images.vips import pyvips

# The default is a thread for each processor and call. Threads before a fork are a trap, and jobs
# already run side by side.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def open_avif(data: bytes) -> Image:
    """Read the header of an AVIF; nothing is decoded. Raises SyntaxError, ValueError, OSError.

    The class is called directly, not `Image.open`: no other plugin is ever asked, and the size is
    judged by Limits alone, not by Pillow's warning.
    """
    return AvifImagePlugin.AvifImageFile(io.BytesIO(data))


def decode_avif(data: bytes) -> pyvips.Image:
    """Decode the first frame, upright, as 8-bit RGB or RGBA with its ICC profile attached."""
    picture = open_avif(data)
    profile = picture.info.get("icc_profile")
    picture.load()
    ImageOps.exif_transpose(picture, in_place=True)
    if picture.mode not in ("RGB", "RGBA"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    pixels = picture.tobytes()
    image = pyvips.Image.new_from_memory(
        pixels, picture.width, picture.height, len(picture.mode), "uchar"
    ).copy(interpretation="srgb")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image
