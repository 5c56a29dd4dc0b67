"""Pictures made for tests: honest ones to compare with, and hostile ones that cost or lie.

Everything is built here from code, the same on every run, and small.
"""

import io
import random
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

PLANTED = b"Planted-Secret-7531"


def encode(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def photo(width: int = 400, height: int = 300) -> Image.Image:
    """A smooth colourful picture with some texture, the same every time."""
    grey = Image.effect_mandelbrot((width, height), (-3, -2.5, 2, 2.5), 100)
    flipped = grey.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return Image.merge("RGB", (grey, flipped, Image.linear_gradient("L").resize((width, height))))


def noise(width: int, height: int) -> Image.Image:
    pixels = random.Random(7).randbytes(width * height * 3)
    return Image.frombytes("RGB", (width, height), pixels)


def animation(form: str, frames: int = 6, **options: object) -> bytes:
    first, *rest = (photo().rotate(15 * turn) for turn in range(frames))
    return encode(first, form, save_all=True, append_images=rest, duration=120, **options)


# PNG, by hand (https://www.w3.org/TR/png-3/)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *extra: bytes, rows: int | None = None) -> bytes:
    """A black RGB PNG, deflated row by row; `rows` may be fewer than the header promises."""
    pack = zlib.compressobj(9)
    row = bytes(1 + 3 * width) if rows != 0 else b""
    body = b"".join(pack.compress(row) for _ in range(height if rows is None else rows))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), *extra, chunk(b"IDAT", body + pack.flush()), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def deflated_zeros(megabytes: int) -> bytes:
    pack = zlib.compressobj(9)
    return b"".join(pack.compress(bytes(1_000_000)) for _ in range(megabytes)) + pack.flush()


# JPEG, patched (ITU-T T.81)


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(encode(Image.new("RGB", (16, 16), "red"), "JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def jpeg_of_many_scans(repeats: int, side: int = 400) -> bytes:
    data = encode(photo(side, side), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * repeats + data[-2:]


def jpeg_with_segments(*segments: tuple[int, bytes]) -> bytes:
    """Segments (marker, body) right after the start of an honest JPEG."""
    data = encode(photo(), "JPEG")
    extra = b"".join(
        bytes((0xFF, code)) + struct.pack(">H", len(body) + 2) + body for code, body in segments
    )
    return data[:2] + extra + data[2:]


def jpeg_with_film_appended() -> bytes:
    """A phone's "motion photo": the bytes after the end hold scan marks by chance."""
    return encode(photo(), "JPEG") + random.Random(3).randbytes(2000) + b"\xff\xda" * 500


def flip_bits(data: bytes, count: int) -> bytes:
    changed, dice = bytearray(data), random.Random(11)
    for _ in range(count):
        changed[dice.randrange(700, len(data) - 2)] ^= 1 << dice.randrange(8)
    return bytes(changed)


def exif(*entries: bytes) -> bytes:
    """A big-endian EXIF block with these 12-byte entries and itself as the next directory."""
    body = struct.pack(">H", len(entries)) + b"".join(entries) + struct.pack(">I", 8)
    return b"Exif\0\0MM\0*\0\0\0\x08" + body + PLANTED


# GIF and WebP, by hand


def gif(width: int, height: int, frames: int = 1, frame: tuple[int, int] = (1, 1)) -> bytes:
    """A GIF whose frames hold one pixel of data, whatever size they claim."""
    one = b"!\xf9\x04\x04\x0a\0\0\0," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02D\x01\0"
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\xff\0\0\0\0\xff"
    return head + one * frames + b";"


def webp_claiming(width: int, height: int) -> bytes:
    """A lossless WebP of one colour: its pixels need no bits, so any size decodes in full."""
    data = bytearray(encode(Image.new("RGB", (16, 16), "red"), "WEBP", lossless=True))
    bits = int.from_bytes(data[21:25], "little") & ~0xFFFFFFF
    data[21:25] = (bits | (width - 1) | (height - 1) << 14).to_bytes(4, "little")
    return bytes(data)


def avif_claiming(width: int, height: int, real: int = 64) -> bytes:
    data = bytearray(encode(Image.new("RGB", (real, real), "red"), "AVIF", speed=10))
    start = data.index(b"ispe") + 8
    data[start : start + 8] = struct.pack(">II", width, height)
    return bytes(data)


def first_third(data: bytes) -> bytes:
    return data[: len(data) // 3]


@dataclass(frozen=True)
class Hostile:
    """A file, and how it may end: the reasons of a BadImage, or "picture"."""

    build: Callable[[], bytes]
    ends: tuple[str, ...]


def _of(build: Callable[[], bytes], *ends: str) -> Hostile:
    return Hostile(build, ends)


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"><rect/></svg>'
_XXE = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + _SVG
_TIFF = b"II*\0\x08\0\0\0\x02\0\x00\x01\x04\0\x01\0\0\0\x60\xea\0\0\x01\x01\x04\0\x01\0\0\0\x60\xea"
_ITXT = chunk(b"zTXt", b"k\0\0" + deflated_zeros(50))
_ICCP = chunk(b"iCCP", b"k\0\0" + deflated_zeros(50))

HOSTILE = {
    "png of 30000 x 30000 zeros": _of(lambda: png(30000, 30000, rows=3000), "pixels"),
    "png near the most pixels": _of(lambda: png(7000, 7000), "picture"),
    "png that says 2^31": _of(lambda: png(2**31 - 1, 2**31 - 1, rows=0), "broken", "pixels"),
    "png with fewer rows than it says": _of(lambda: png(4000, 4000, rows=10), "broken"),
    "png with text that inflates": _of(lambda: png(64, 64, _ITXT), "picture", "broken"),
    "png with a profile that inflates": _of(lambda: png(64, 64, _ICCP), "picture", "broken"),
    "png with 100,000 texts": _of(
        lambda: png(64, 64, chunk(b"tEXt", b"k\0v") * 100_000), "picture", "broken"
    ),
    "png that is random after its mark": _of(
        lambda: b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000), "broken", "truncated"
    ),
    "jpeg that says 65500 x 65500": _of(lambda: jpeg_claiming(65500, 65500), "pixels"),
    "jpeg that says 6000 x 7000": _of(lambda: jpeg_claiming(6000, 7000), "truncated"),
    "jpeg with 4000 scans": _of(lambda: jpeg_of_many_scans(4000), "scans"),
    "jpeg with 50 scans": _of(lambda: jpeg_of_many_scans(40, side=1200), "picture", "broken"),
    "jpeg of nothing but segments": _of(
        lambda: jpeg_with_segments(*[(0xFE, b"\xff\xda")] * 50_000), "scans"
    ),
    "jpeg with a script in its comment": _of(
        lambda: jpeg_with_segments((0xFE, b"<script>" + PLANTED + b"</script>")), "picture"
    ),
    "jpeg that is also a zip": _of(
        lambda: encode(photo(), "JPEG") + b"PK\x03\x04" + PLANTED, "picture"
    ),
    "jpeg with a film appended": _of(jpeg_with_film_appended, "picture"),
    "jpeg with 300 bits flipped": _of(
        lambda: flip_bits(encode(noise(300, 300), "JPEG"), 300), "picture", "broken", "truncated"
    ),
    "jpeg with a broken profile": _of(
        lambda: jpeg_with_segments((0xE2, b"ICC_PROFILE\0\x01\x01" + b"x" * 500)), "picture"
    ),
    "jpeg with orientation 99": _of(
        lambda: jpeg_with_segments((0xE1, exif(struct.pack(">HHIHH", 0x112, 3, 1, 99, 0)))),
        "picture",
    ),
    "jpeg with an endless exif": _of(
        lambda: jpeg_with_segments((0xE1, exif(struct.pack(">HHII", 0x112, 3, 2**32 - 1, 8)))),
        "picture",
    ),
    "webp that says 16383 x 16383": _of(lambda: webp_claiming(16383, 16383), "pixels"),
    "webp near the most pixels": _of(lambda: webp_claiming(7000, 7000), "picture"),
    "webp of 300 frames": _of(
        lambda: encode(
            Image.new("RGB", (64, 64)),
            "WEBP",
            save_all=True,
            append_images=[Image.new("RGB", (64, 64), (n % 256, n % 7, 9)) for n in range(299)],
        ),
        "picture",
    ),
    "gif with a screen of 65535 x 65535": _of(lambda: gif(65535, 65535), "pixels", "picture"),
    "gif with a frame larger than its screen": _of(
        lambda: gif(1, 1, frame=(65535, 65535)), "pixels", "broken", "truncated"
    ),
    "gif of 20,000 frames": _of(lambda: gif(1, 1, frames=20_000), "frames"),
    "gif of 900 large frames": _of(lambda: gif(2000, 2000, frames=900), "frames"),
    "gif near the most frames": _of(lambda: gif(316, 316, frames=1000), "picture"),
    "gif that is also a script": _of(
        lambda: encode(photo(), "GIF") + b"=1;/*" + PLANTED + b"*/", "picture", "broken"
    ),
    "apng of 300 frames": _of(
        lambda: encode(
            Image.new("RGB", (64, 64)),
            "PNG",
            save_all=True,
            append_images=[Image.new("RGB", (64, 64), (n % 256, n % 7, 9)) for n in range(299)],
        ),
        "picture",
    ),
    "avif that says 65000 x 65000": _of(lambda: avif_claiming(65000, 65000), "pixels", "broken"),
    "avif that says 12000 x 12000": _of(lambda: avif_claiming(12000, 12000), "pixels"),
    "avif that says 8 x 8": _of(lambda: avif_claiming(8, 8, real=2000), "picture", "broken"),
    "jpeg without its end": _of(lambda: first_third(encode(photo(), "JPEG")), "truncated"),
    "png without its end": _of(lambda: first_third(encode(photo(), "PNG")), "truncated"),
    "webp without its end": _of(lambda: first_third(encode(photo(), "WEBP")), "truncated"),
    "gif without its end": _of(lambda: first_third(encode(photo(), "GIF")), "truncated"),
    "avif without its end": _of(lambda: first_third(encode(photo(), "AVIF")), "truncated"),
    "svg that reads a file": _of(lambda: _XXE, "format"),
    "svg of 30000 x 30000": _of(lambda: _SVG, "format"),
    "tiff of 60000 x 60000": _of(lambda: _TIFF + bytes(80), "format"),
    "eps": _of(lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "format"),
    "bmp that lies": _of(lambda: b"BM" + b"\xff" * 4 + bytes(4) + b"\x36" + bytes(40), "format"),
    "nothing": _of(lambda: b"", "empty"),
    "two bytes": _of(lambda: b"\xff\xd8", "format"),
    "a web page": _of(lambda: b"<!doctype html><title>404</title>", "format"),
    "1 x 60000": _of(lambda: encode(Image.new("RGB", (1, 60000), "red"), "JPEG"), "picture"),
    "60000 x 1": _of(lambda: encode(Image.new("RGB", (60000, 1), "red"), "PNG"), "picture"),
    "16-bit grey": _of(lambda: encode(photo().convert("I;16"), "PNG"), "picture"),
    "palette with transparency": _of(
        lambda: encode(photo().convert("P"), "PNG", transparency=3), "picture"
    ),
    "grey with alpha": _of(lambda: encode(photo().convert("LA"), "PNG"), "picture"),
    "two megabytes of scan marks": _of(
        lambda: b"\xff\xd8\xff" + b"\xff\xda" * 1_000_000, "broken", "truncated"
    ),
}
