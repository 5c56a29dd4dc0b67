"""Pixels as Pillow holds them, in RGB or RGBA: from a file, and to one.

Each step is done by whichever library was measured to be faster at it (docs/pipelines.md): Pillow
decodes and encodes whole JPEGs and lays templates on; libvips does everything else.
"""

import io
from dataclasses import replace

from PIL import Image, ImageOps, JpegImagePlugin

from jobs.work.images import BadImage, Format, ImageInfo, Size
from jobs.work.images.decode import decode
from jobs.work.images.vips import no_memory, out_of_memory, pyvips, translated
from jobs.work.pipeline.killing import Killable, Watch

_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


class _Watched(io.BytesIO):
    """A file in memory that calls `watch` whenever a piece of it is read."""

    def __init__(self, data: bytes, watch: Watch) -> None:
        super().__init__(data)
        self._watch = watch

    def read(self, size: int | None = -1, /) -> bytes:
        self._watch()
        return super().read(size)


def decoded(data: bytes, info: ImageInfo, box: Size, watch: Watch) -> Image.Image:
    """The first frame, upright, in sRGB, fitted into the box (never made larger)."""
    with translated(info.format, data):
        if info.format is Format.JPEG and _fits(info, box):
            picture = _plain_jpeg(data, watch)
            if picture is not None:
                return picture
        return _by_vips(data, info, box, watch)


def _fits(info: ImageInfo, box: Size) -> bool:
    return info.width <= box.width and info.height <= box.height


def _plain_jpeg(data: bytes, watch: Watch) -> Image.Image | None:
    """A JPEG without a colour profile, at its full size; None if it is of another kind."""
    # The class is called directly, not `Image.open`: no other plugin is ever asked.
    picture = JpegImagePlugin.JpegImageFile(_Watched(data, watch))
    if picture.mode not in ("RGB", "L") or "icc_profile" in picture.info:
        return None
    picture.load()
    upright = ImageOps.exif_transpose(picture) if 0x0112 in picture.getexif() else picture
    return upright.convert("RGB") if upright.mode != "RGB" else upright


def _by_vips(data: bytes, info: ImageInfo, box: Size, watch: Watch) -> Image.Image:
    watch()
    with Killable(watch) as killable:
        image = decode(data, replace(info, frames=1), box, killable.prepare)
    if image.bands not in _MODES:
        raise BadImage("broken", "The picture has a kind of colours that is not read.")
    size, mode = (image.width, image.height), _MODES[image.bands]
    picture = Image.frombuffer(mode, size, image.write_to_memory(), "raw", mode, 0, 1)
    if mode in ("RGB", "RGBA"):
        return picture
    return picture.convert("RGBA" if mode == "LA" else "RGB")


def encoded(picture: Image.Image, form: Format, quality: int, watch: Watch = lambda: None) -> bytes:
    """Write a picture with nothing in the file but its pixels. Raises BadImage."""
    try:
        if form is Format.JPEG:
            return _jpeg(picture, quality)
        return _written(picture, form, quality, watch)
    except MemoryError as error:
        raise no_memory() from error
    except (pyvips.Error, OSError, ValueError) as error:
        if out_of_memory(error):
            raise no_memory() from error
        raise BadImage(
            "pixels",
            f"The picture cannot be written as {form.name} with {picture.width} x "
            f"{picture.height} pixels. Ask for a smaller size.",
        ) from error


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    if picture.mode == "RGBA":
        picture = flattened(picture)
    picture.info = {}  # Pillow would write the comment and the profile of the original
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def flattened(picture: Image.Image) -> Image.Image:
    """The picture on white, without transparency."""
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, (0, 0), picture.getchannel("A"))
    return ground


def _written(picture: Image.Image, form: Format, quality: int, watch: Watch) -> bytes:
    bands = len(picture.getbands())
    image = pyvips.Image.new_from_memory(
        picture.tobytes(), picture.width, picture.height, bands, "uchar"
    ).copy(interpretation="srgb")
    data: bytes
    with Killable(watch) as killable:
        image = killable.prepare(image)
        if form is Format.PNG:
            data = image.pngsave_buffer(compression=2, filter="avg", keep="none")
        else:
            effort = _webp_effort(picture.width * picture.height)
            data = image.webpsave_buffer(Q=quality, effort=effort, keep="none")
    return data


def _webp_effort(pixels: int) -> int:
    # Better search takes tens of seconds on a large picture and saves a few per cent; and while
    # the encoder works nothing can stop it.
    return 4 if pixels <= 2_000_000 else 1 if pixels <= 4_000_000 else 0
