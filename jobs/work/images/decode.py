"""From a file to pixels: upright, 8 bits, sRGB or grey, fitted into a box."""

from collections.abc import Callable

from jobs.work.images.avif import decode_avif
from jobs.work.images.header import ImageInfo
from jobs.work.images.sizes import Size
from jobs.work.images.sniff import Format
from jobs.work.images.vips import pyvips

# Some phones write these; the picture is whole.
_HARMLESS = ("Invalid SOS parameters", "extraneous bytes")


# Given each image before its pixels are computed: the place to watch or to end that.
Prepare = Callable[[pyvips.Image], pyvips.Image]


def _as_it_is(image: pyvips.Image) -> pyvips.Image:
    return image


def decode(data: bytes, info: ImageInfo, box: Size, prepare: Prepare = _as_it_is) -> pyvips.Image:
    """Decode once for all sizes: fitted into the box, upright, 8 bits, sRGB or grey, in memory."""
    match info.format:
        case Format.AVIF:
            image = decode_avif(data)
            fitted = image.thumbnail_image(box.width, **_fit(box, image))
        case Format.JPEG:
            return _decode_jpeg(data, box, prepare)
        case _:
            fitted = _load(data, box, "fail_on=error,n=-1" if info.frames > 1 else "fail_on=error")
    if fitted.format != "uchar":
        fitted = fitted.colourspace("srgb" if fitted.bands > 2 else "b-w")
    return prepare(fitted).copy_memory()


def _decode_jpeg(data: bytes, box: Size, prepare: Prepare) -> pyvips.Image:
    """Refuse what libjpeg only warns of (a grey lower half), except what does no harm."""
    try:
        return prepare(_load(data, box, "fail_on=warning")).copy_memory()
    except pyvips.Error as error:
        if not any(words in str(error) for words in _HARMLESS):
            raise
    return prepare(_load(data, box, "fail_on=error")).copy_memory()


def _load(data: bytes, box: Size, option: str) -> pyvips.Image:
    # fail_on must stand in this string: as an argument it is ignored (libvips 8.18).
    header = pyvips.Image.new_from_buffer(data, "", access="sequential")
    return pyvips.Image.thumbnail_buffer(
        data, box.width, option_string=f"[{option}]", **_fit(box, header)
    )


def _fit(box: Size, source: pyvips.Image) -> dict[str, object]:
    """Convert colours only where there is something to convert: it takes three times as long."""
    fit: dict[str, object] = {"height": box.height, "size": "down"}
    if source.get_typeof("icc-profile-data") or source.interpretation == "cmyk":
        fit["output_profile"] = "srgb"
    return fit
