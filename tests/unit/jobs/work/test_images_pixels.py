"""Colours, alpha and depths: what a pixel is before and after."""

import io
import struct

import pytest
from PIL import Image, ImageCms

from jobs.work.images import Size, render
from tests.unit.jobs.work.image_corpus import encode, photo

# The primaries of two wide gamuts, adapted to D50 as ICC profiles hold them.
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))

RED_BROWN = (200, 90, 60)


def profile(primaries, gamma=563 / 256):
    """A matrix profile of version 2 (ICC.1:2001-04), made by hand."""

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Wide\0" + bytes(78 + 1)
    tags = {b"desc": name, b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": xyz((0.9642, 1, 0.8249))}
    tags |= {k: xyz(v) for k, v in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(
        ">I4sI4s4s4s12s4s",
        start + len(body),
        b"",
        0x02400000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        bytes(12),
        b"acsp",
    )
    head = head.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def rendered(data):
    (made,) = render(data, [Size(40, 40)])
    return Image.open(io.BytesIO(made.data))


def near(one, other, by):
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("primaries", [ADOBE_RGB, DISPLAY_P3])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_wide_gamut_is_converted_to_srgb(form, primaries):
    wide = profile(primaries)
    straight = Image.new("RGB", (80, 80), RED_BROWN)
    stored = ImageCms.profileToProfile(
        straight, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(wide))
    )
    assert not near(stored.getpixel((9, 9)), RED_BROWN, by=8)
    picture = rendered(encode(stored, form, icc_profile=wide, quality=95))
    assert near(picture.convert("RGB").getpixel((9, 9)), RED_BROWN, by=4)
    assert "icc_profile" not in picture.info


@pytest.mark.parametrize(
    ("inks", "seen"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 255, 255, 0), (230, 30, 35)),
        ((0, 0, 0, 255), (35,) * 3),
    ],
)
def test_cmyk_becomes_the_colour_that_was_printed(inks, seen):
    picture = rendered(encode(Image.new("CMYK", (80, 80), inks), "JPEG", quality=95))
    assert picture.mode == "RGB"
    assert near(picture.getpixel((9, 9)), seen, by=40)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "AVIF"])
def test_alpha_is_kept(form):
    source = Image.new("RGBA", (80, 80), (200, 90, 60, 128))
    source.paste((0, 0, 0, 0), (0, 0, 80, 40))
    picture = rendered(encode(source, form, quality=95))
    assert picture.mode == "RGBA"
    assert picture.getpixel((20, 5))[3] == 0
    assert near(picture.getpixel((20, 35)), (200, 90, 60, 128), by=5)


def test_grey_with_alpha_is_kept():
    picture = rendered(encode(Image.new("LA", (80, 80), (77, 128)), "PNG"))
    assert picture.mode == "LA"
    assert near(picture.getpixel((9, 9)), (77, 128), by=3)  # multiplied by alpha in 8 bits


def test_translucent_colours_that_are_not_resized_are_exact():
    source = Image.new("RGBA", (30, 30), (200, 90, 61, 33))
    assert rendered(encode(source, "PNG")).getpixel((9, 9)) == (200, 90, 61, 33)


def test_sixteen_bits_become_eight():
    source = Image.new("I;16", (80, 80), 0x8080)
    picture = rendered(encode(source, "PNG"))
    assert picture.mode == "L"
    assert abs(picture.getpixel((9, 9)) - 0x80) <= 1


def test_a_transparent_colour_of_a_palette_stays_transparent():
    source = Image.new("P", (80, 80), 1)
    source.putpalette([0, 0, 0, 255, 0, 0])
    picture = rendered(encode(source, "PNG", transparency=1))
    assert picture.getpixel((9, 9))[3] == 0


def test_a_profile_for_ink_on_a_picture_of_light_does_no_harm():
    odd = bytearray(profile(ADOBE_RGB))
    odd[16:20] = b"CMYK"
    picture = rendered(encode(Image.new("RGB", (80, 80), RED_BROWN), "PNG", icc_profile=bytes(odd)))
    assert near(picture.getpixel((9, 9)), RED_BROWN, by=2)


def test_one_bit_and_grey_stay_grey():
    assert rendered(encode(photo().convert("1"), "PNG")).mode == "L"
    assert rendered(encode(photo().convert("L"), "JPEG")).mode == "L"
