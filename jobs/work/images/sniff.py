"""What a file is, by its first bytes. The name and the declared type of an upload are not asked.

Pure and cheap, so web processes call it while an upload is still coming in.
"""

import re
from enum import StrEnum

from jobs.work.images.errors import BadImage

# How much of a file is enough for `sniff`.
HEAD_BYTES = 512


class Format(StrEnum):
    """A picture format that is read here."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    GIF = "gif"
    AVIF = "avif"

    @property
    def content_type(self) -> str:
        return f"image/{self}"

    @property
    def extension(self) -> str:
        """Without a dot: "jpg"."""
        return "jpg" if self is Format.JPEG else str(self)


_ACCEPTED = (
    (re.compile(rb"\xff\xd8\xff"), Format.JPEG),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), Format.PNG),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), Format.WEBP),
    (re.compile(rb"GIF8[79]a"), Format.GIF),
)

# People do send these; a message that names what they sent saves a question.
_REFUSED = (
    (re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"), "a TIFF"),
    (re.compile(rb"%!PS|\xc5\xd0\xd3\xc6"), "an EPS or PostScript file"),
    (re.compile(rb"%PDF-"), "a PDF"),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "a BMP"),
    (re.compile(rb"8BPS"), "a Photoshop file"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "a JPEG XL"),
    (re.compile(rb"\0\0\0\x0cjP {2}|\xff\x4f\xff\x51"), "a JPEG 2000"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive or an office document"),
    (re.compile(rb"(\xef\xbb\xbf)?\s*(<[?!].*)?<svg\b", re.DOTALL | re.IGNORECASE), "an SVG"),
    (
        re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|script|meta)\b", re.I),
        "a web page (HTML)",
    ),
    (re.compile(rb"(\xef\xbb\xbf)?\s*<\?xml\b"), "XML"),
)

_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}

_ADVICE = "Send a JPEG, PNG, WebP, GIF or AVIF file."


def sniff(head: bytes) -> Format:
    """Name the format of a file from its first HEAD_BYTES (more is fine, fewer may be too few).

    Raises BadImage: "empty" for no bytes, "format" for anything but the five.
    """
    if not head:
        raise BadImage("empty", f"The file is empty. {_ADVICE}")
    head = bytes(head[:HEAD_BYTES])
    for pattern, accepted in _ACCEPTED:
        if pattern.match(head):
            return accepted
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    for pattern, name in _REFUSED:
        if pattern.match(head):
            raise BadImage("format", f"The file looks like {name}, which is not read. {_ADVICE}")
    raise BadImage("format", f"The file is not a picture that can be recognised. {_ADVICE}")


def _sniff_brands(head: bytes) -> Format:
    """Tell AVIF from its relatives by the brands in the `ftyp` box (ISO/IEC 14496-12, 4.3)."""
    box = head[: int.from_bytes(head[:4], "big")]
    # The major brand, then its version (no brand), then the compatible ones.
    brands = {box[8:12]} | {box[at : at + 4] for at in range(16, len(box) - 3, 4)}
    if brands & _AVIF_BRANDS:
        return Format.AVIF
    name = "a HEIC photo" if brands & _HEIC_BRANDS else "a video"
    advice = "Export it as JPEG and send that." if name == "a HEIC photo" else _ADVICE
    raise BadImage("format", f"The file looks like {name}, which is not read. {advice}")
