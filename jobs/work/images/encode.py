"""Writing a picture to bytes, with nothing in them but the picture."""

from jobs.work.images.errors import BadImage
from jobs.work.images.sniff import Format
from jobs.work.images.vips import no_memory, out_of_memory, pyvips

QUALITY = 80
# Beyond this, WebP's better search takes tens of seconds and saves a few per cent.
_WEBP_PATIENCE = 2_000_000
# The WebP encoder takes 40 bytes for each pixel of a frame: this is one gigabyte.
_WEBP_FRAME = 25_000_000


def encode(image: pyvips.Image, form: Format) -> bytes:
    """Write an 8-bit image as JPEG, PNG or WebP; a strip of frames becomes an animated WebP.

    Raises BadImage: "memory", or "pixels" where the format cannot hold so large a picture.
    """
    if form is Format.WEBP and image.width * image.get_page_height() > _WEBP_FRAME:
        raise _too_many_pixels(image, form)
    try:
        return _write(image, form)
    except pyvips.Error as error:
        if out_of_memory(error):
            raise no_memory() from error
        raise _too_many_pixels(image, form) from error


def _too_many_pixels(image: pyvips.Image, form: Format) -> BadImage:
    return BadImage(
        "pixels",
        f"The picture cannot be written as {form.name} with {image.width} x "
        f"{image.get_page_height()} pixels. Ask for a smaller size.",
    )


def _write(image: pyvips.Image, form: Format) -> bytes:
    # keep="none" drops EXIF, XMP, ICC and comments; the copy drops the resolution.
    image = image.copy(xres=1.0, yres=1.0)
    encoded: bytes
    match form:
        case Format.JPEG:
            encoded = image.jpegsave_buffer(Q=QUALITY, keep="none")
        case Format.PNG:
            encoded = image.pngsave_buffer(filter="all", keep="none")
        case Format.WEBP:
            effort = 4 if image.width * image.height <= _WEBP_PATIENCE else 1
            encoded = image.webpsave_buffer(Q=QUALITY, effort=effort, keep="none")
        case _:
            raise ValueError(f"{form.name} is not written here.")
    return encoded
