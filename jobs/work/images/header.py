"""Judging a picture by its header, before a single pixel of it is decoded."""

from dataclasses import dataclass

from jobs.work.images.avif import open_avif
from jobs.work.images.errors import BadImage
from jobs.work.images.limits import DEFAULT_LIMITS, Limits
from jobs.work.images.scans import exceeds_scans
from jobs.work.images.sniff import Format, sniff
from jobs.work.images.vips import pyvips, translated

_TURNED = range(5, 9)  # EXIF orientations that lie on their side


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What the header says: pixels as the picture is seen (turned upright), and its frames."""

    format: Format
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class _Header:
    info: ImageInfo
    multiscan: bool = False


def inspect(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ImageInfo:
    """Check a picture by its bytes and its header; safe in any process, no thread is started.

    The order is from cheap to dear: bytes, format, pixels, scans, frames. Raises BadImage.
    """
    limits.check_bytes(len(data))
    form = sniff(data)
    with translated(form, data):
        header = _read_avif(data) if form is Format.AVIF else _read(data, form)
    info = header.info
    limits.check_pixels(form, info.width, info.height, multiscan=header.multiscan)
    if form is Format.JPEG and exceeds_scans(data, limits.scans):
        raise BadImage(
            "scans",
            f"The JPEG has more than {limits.scans} scans, which no camera or editor writes. "
            "Open and save it anew, and send that.",
        )
    limits.check_frames(info.frames, info.width, info.height)
    return info


def _read(data: bytes, form: Format) -> _Header:
    image = pyvips.Image.new_from_buffer(data, "", access="sequential")
    width, height = image.width, image.height
    if _field(image, "orientation") in _TURNED:
        width, height = height, width
    frames = max(1, _field(image, "n-pages"))
    return _Header(ImageInfo(form, width, height, frames), bool(_field(image, "jpeg-multiscan")))


def _field(image: pyvips.Image, name: str) -> int:
    return int(image.get(name)) if image.get_typeof(name) else 0


def _read_avif(data: bytes) -> _Header:
    """Only the first frame of an AVIF is ever decoded, so it counts as one."""
    picture = open_avif(data)
    width, height = picture.size
    if picture.getexif().get(0x0112) in _TURNED:
        width, height = height, width
    return _Header(ImageInfo(Format.AVIF, width, height, frames=1))
