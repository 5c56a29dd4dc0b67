"""A picture in, smaller pictures out: upright, in sRGB, with nothing about who took it where.

What comes out is chosen for the reader of a web page:

- JPEG stays JPEG, PNG stays PNG (lossless, alpha), WebP stays WebP with its animation.
- GIF becomes an animated WebP if it moves (forty times faster to write than GIF, and smaller) and
  a PNG if it does not.
- AVIF becomes a JPEG, or a WebP where it has alpha; writing AVIF takes fifty times as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jobs.work.images.decode import decode
from jobs.work.images.encode import encode
from jobs.work.images.errors import BadSize
from jobs.work.images.header import ImageInfo, inspect
from jobs.work.images.limits import DEFAULT_LIMITS, Limits
from jobs.work.images.sizes import Size
from jobs.work.images.sniff import Format
from jobs.work.images.vips import pyvips, translated

# Called after each rendition with (done, total). What it raises stops the work and is passed on.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rendition:
    """One picture that was made: the size asked, the pixels it got, and the encoded file."""

    size: Size
    width: int
    height: int
    format: Format
    data: bytes

    @property
    def content_type(self) -> str:
        return self.format.content_type

    @property
    def extension(self) -> str:
        return self.format.extension


def render(
    data: bytes,
    sizes: Sequence[Size],
    *,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> list[Rendition]:
    """Fit a picture into each box, in the order given. Never enlarges; no side gets below 1.

    Call it in a process that will not fork afterwards (see the module `vips`). It works in C for
    up to seconds, so only a hard time limit can stop it in between. Raises BadImage and BadSize.
    """
    if not sizes:
        raise BadSize("There is no size: ask for at least one, such as 640x480.")
    info = inspect(data, limits)
    with translated(info.format, data):
        picture = decode(data, info, Size.covering(sizes))
    renditions = []
    for done, size in enumerate(sizes, start=1):
        renditions.append(_render_one(picture, size, info))
        if progress is not None:
            progress(done, len(sizes))
    return renditions


def _render_one(picture: pyvips.Image, size: Size, info: ImageInfo) -> Rendition:
    image = picture
    if picture.width > size.width or picture.get_page_height() > size.height:
        image = picture.thumbnail_image(size.width, height=size.height, size="down")
    form = _target(info, alpha=image.hasalpha())
    return Rendition(size, image.width, image.get_page_height(), form, encode(image, form))


def _target(info: ImageInfo, *, alpha: bool) -> Format:
    match info.format:
        case Format.GIF:
            return Format.WEBP if info.frames > 1 else Format.PNG
        case Format.AVIF:
            return Format.WEBP if alpha else Format.JPEG
        case same:
            return same
