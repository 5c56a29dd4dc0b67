"""Nothing about who took a picture, where and with what, is in what comes out."""

import io

import pytest
from PIL import Image, PngImagePlugin

from jobs.work.images import Size, render
from tests.unit.jobs.work.image_corpus import (
    PLANTED,
    animation,
    chunk,
    encode,
    jpeg_with_segments,
    photo,
    png,
)
from tests.unit.jobs.work.test_images_pixels import ADOBE_RGB, profile

TEXT = PLANTED.decode()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + PLANTED + b"</x:xmpmeta>"
MARKS = (PLANTED, b"Exif", b"EXIF", b"http", b"XMP", b"iCCP", b"ICC", b"tEXt", b"iTXt", b"eXIf")


def told_everything():
    """EXIF with the author, the camera, the place and a comment of the user."""
    tags = Image.Exif()
    tags[0x013B] = tags[0x0110] = tags[0x8298] = TEXT
    tags.get_ifd(0x8769)[0x9286] = PLANTED
    tags.get_ifd(0x8825).update({1: "N", 2: (35.0, 1.0, 2.0), 29: TEXT})
    return tags


def png_texts():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", TEXT)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=False)
    return texts


WIDE = profile(ADOBE_RGB)
FULL = {"exif": told_everything(), "xmp": XMP, "icc_profile": WIDE}

TELLTALES = {
    "jpeg": lambda: encode(photo(), "JPEG", comment=PLANTED, dpi=(300, 301), **FULL),
    "jpeg with unknown segments": lambda: jpeg_with_segments(
        *((code, PLANTED * 9) for code in (*range(0xE3, 0xEE), 0xEF, 0xFE))
    ),
    "jpeg with a tail": lambda: encode(photo(), "JPEG") + PLANTED,
    "png": lambda: encode(
        photo(),
        "PNG",
        pnginfo=png_texts(),
        exif=told_everything(),
        icc_profile=WIDE,
        dpi=(300, 301),
    ),
    "png with a time and an unknown chunk": lambda: png(
        64, 64, chunk(b"tIME", b"\x07\xe9\x01\x02\x03\x04\x05"), chunk(b"prVt", PLANTED)
    ),
    "webp": lambda: encode(photo(), "WEBP", **FULL),
    "gif": lambda: encode(photo(), "GIF", comment=PLANTED),
    "animated gif": lambda: animation("GIF", comment=PLANTED),
    "animated webp": lambda: animation("WEBP", **FULL),
    "avif": lambda: encode(photo(), "AVIF", **FULL),
    "avif with alpha": lambda: encode(photo().convert("RGBA").rotate(9), "AVIF", **FULL),
}


@pytest.mark.parametrize("name", TELLTALES)
def test_nothing_planted_comes_out(name):
    data = TELLTALES[name]()
    assert PLANTED in data or b"tIME" in data
    for made in render(data, [Size(640, 480), Size(90, 90)]):
        assert [mark for mark in MARKS if mark in made.data] == []
        left = set(Image.open(io.BytesIO(made.data)).info)
        assert left <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "dpi",
            "loop",
            "background",
            "timestamp",
            "duration",
        }


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_the_resolution_of_the_source_is_not_told(form):
    plain, told = (
        render(encode(photo(), form, **options), [Size(90, 90)])[0].data
        for options in ({}, {"dpi": (300, 301)})
    )
    assert plain == told
