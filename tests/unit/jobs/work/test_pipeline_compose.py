"""Pictures with a template on them, looked at pixel by pixel."""

import io

import pytest
from PIL import Image

from jobs.work.images import BadImage, Format
from jobs.work.pipeline import Anchor, Mode, compose
from jobs.work.pipeline.overlay import OverlayCache
from tests.unit.jobs.work.image_corpus import PLANTED, encode, jpeg_with_segments, photo
from tests.unit.jobs.work.pipeline_samples import RED, WHITE, blank, frame, recipe, stamp


def _made(data: bytes, **changes: object) -> Image.Image:
    made = compose(data, recipe(**{"format": Format.PNG, **changes}))
    picture = Image.open(io.BytesIO(made.data))
    assert picture.size == (made.width, made.height)
    return picture


def _centre_of_red(picture: Image.Image) -> tuple[float, float]:
    rgb = picture.convert("RGB")
    mask = rgb.getchannel("G").point(lambda green: 255 if green < 60 else 0)
    left, top, right, bottom = mask.getbbox()
    return (left + right) / 2, (top + bottom) / 2


@pytest.mark.parametrize(
    ("anchor", "centre"),
    [
        # A stamp of half the shorter side (300): 150 pixels, its centre 75 from an edge.
        (Anchor.TOP_LEFT, (75, 75)),
        (Anchor.TOP, (200, 75)),
        (Anchor.TOP_RIGHT, (325, 75)),
        (Anchor.LEFT, (75, 150)),
        (Anchor.CENTER, (200, 150)),
        (Anchor.RIGHT, (325, 150)),
        (Anchor.BOTTOM_LEFT, (75, 225)),
        (Anchor.BOTTOM, (200, 225)),
        (Anchor.BOTTOM_RIGHT, (325, 225)),
    ],
)
def test_a_stamp_lies_at_its_anchor(anchor, centre):
    made = _made(blank(), anchor=anchor, scale=0.5, margin=0)

    assert _centre_of_red(made) == pytest.approx(centre, abs=1)


def test_the_margin_moves_a_stamp_inwards():
    made = _made(blank(), anchor=Anchor.TOP_LEFT, scale=0.5, margin=0.1)

    assert _centre_of_red(made) == pytest.approx((105, 105), abs=1)


def test_a_margin_never_pushes_a_stamp_out_of_the_picture():
    made = _made(blank(400, 300), anchor=Anchor.TOP_LEFT, scale=1, margin=0.5)

    assert _centre_of_red(made) == pytest.approx((200, 150), abs=1)


def test_half_the_opacity_lets_the_picture_through():
    made = _made(blank(), anchor=Anchor.CENTER, scale=0.5, opacity=0.5)

    assert made.convert("RGB").getpixel((200, 150)) == pytest.approx((255, 127, 127), abs=2)


def test_opacity_multiplies_the_transparency_of_the_template():
    made = _made(blank(), template=stamp(128), anchor=Anchor.CENTER, scale=0.5, opacity=0.5)

    assert made.convert("RGB").getpixel((200, 150)) == pytest.approx((255, 191, 191), abs=2)


def test_a_frame_reaches_all_four_edges_and_leaves_the_middle():
    made = _made(blank(500, 900), template=frame(), mode=Mode.FRAME).convert("RGB")

    for edge in ((0, 0), (499, 899), (250, 3), (3, 450), (496, 450), (250, 896)):
        assert made.getpixel(edge) == pytest.approx(RED, abs=3)
    assert made.getpixel((250, 450)) == WHITE


def test_a_cover_keeps_its_proportions_and_is_cut_off():
    wide = Image.new("RGBA", (400, 100), (*RED, 255))
    wide.paste((0, 0, 255, 255), (150, 0, 250, 100))  # the middle square is blue

    made = _made(blank(200, 200), template=encode(wide, "PNG"), mode=Mode.COVER).convert("RGB")

    assert made.getpixel((100, 100)) == (0, 0, 255)
    assert max(red for red, _, _ in (made.getpixel((3, 3)), made.getpixel((196, 196)))) < 20


def test_a_cover_of_extreme_proportions_takes_no_memory():
    tall, wide = blank(20, 9000), blank(9000, 20)

    assert _made(tall, template=wide, mode=Mode.COVER).size == (20, 9000)


@pytest.mark.parametrize("form", [Format.JPEG, Format.PNG, Format.WEBP])
def test_the_output_has_the_format_that_was_asked_for(form):
    made = compose(blank(), recipe(format=form, anchor=Anchor.CENTER, scale=0.5))

    with Image.open(io.BytesIO(made.data)) as picture:
        assert picture.format == form.name
        assert picture.convert("RGB").getpixel((200, 150)) == pytest.approx(RED, abs=12)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_format_is_read(form, mode):
    data = encode(photo().convert(mode), form)

    assert _made(data, anchor=Anchor.CENTER).size == (400, 300)


def test_transparency_survives_in_png_and_becomes_white_in_jpeg():
    clear = encode(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG")

    assert _made(clear).getpixel((5, 5))[3] == 0
    jpeg = compose(clear, recipe(format=Format.JPEG))
    assert Image.open(io.BytesIO(jpeg.data)).getpixel((5, 5)) == pytest.approx(WHITE, abs=2)


def test_a_picture_on_its_side_is_set_upright():
    lying = Image.new("RGB", (400, 300), WHITE)
    exif = Image.Exif()
    exif[0x0112] = 6

    assert _made(encode(lying, "JPEG", exif=exif)).size == (300, 400)


def test_a_picture_is_made_smaller_to_fit_and_never_larger():
    assert _made(blank(400, 300), max_width=200).size == (200, 150)
    assert _made(blank(400, 300), max_height=100, max_width=1000).size == (133, 100)
    assert _made(blank(400, 300), max_width=4000).size == (400, 300)


def test_the_stamp_is_as_large_on_a_smaller_output_in_proportion():
    full = _made(blank(800, 600), anchor=Anchor.TOP_LEFT, scale=0.5, margin=0.1)
    half = _made(blank(800, 600), anchor=Anchor.TOP_LEFT, scale=0.5, margin=0.1, max_width=400)

    assert _centre_of_red(half) == pytest.approx([c / 2 for c in _centre_of_red(full)], abs=1)


def test_what_lies_in_the_file_beside_the_picture_is_dropped():
    data = jpeg_with_segments((0xFE, PLANTED), (0xE1, b"Exif\0\0" + PLANTED))

    for form in (Format.JPEG, Format.PNG, Format.WEBP):
        assert PLANTED not in compose(data, recipe(format=form)).data


def test_the_original_is_refused_beyond_the_limits():
    with pytest.raises(BadImage) as refused:
        compose(b"GIF89a" + b"\xff" * 10, recipe())

    assert refused.value.reason in ("truncated", "broken", "pixels")


def test_a_thumbnail_comes_with_the_output():
    made = compose(blank(400, 300), recipe(format=Format.PNG), thumbnail_side=80)

    assert Image.open(io.BytesIO(made.thumbnail)).size == (80, 60)


def test_the_edge_of_a_stamp_takes_no_colour_from_what_is_transparent():
    # The transparent part is black underneath; a white disc must not get a dark rim.
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (100, 100, 300, 300))

    made = _made(blank(), template=encode(picture, "PNG"), anchor=Anchor.CENTER, scale=0.333)

    assert min(min(low for low, _ in made.convert("RGB").getextrema()), 255) > 250


def test_an_overlay_too_large_for_the_cache_is_not_held():
    cache = OverlayCache(most_bytes=100_000)
    small = cache.overlay(recipe(), 100, 100)
    large = cache.overlay(recipe(mode=Mode.FRAME), 2_000, 2_000)

    assert large
    assert cache._bytes < 100_000
    assert cache.overlay(recipe(), 100, 100) is small
