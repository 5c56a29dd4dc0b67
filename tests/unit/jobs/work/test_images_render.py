import io

import pytest
from PIL import Image, ImageChops, ImageOps, ImageStat

from jobs.work.images import BadImage, BadSize, Format, Size, render
from tests.unit.jobs.work.image_corpus import (
    animation,
    avif_claiming,
    encode,
    first_third,
    jpeg_claiming,
    photo,
    webp_claiming,
)

BOX = Size(160, 120)


def opened(rendition):
    return Image.open(io.BytesIO(rendition.data))


def one(data, size=BOX):
    (rendition,) = render(data, [size])
    picture = opened(rendition)
    assert picture.size == (rendition.width, rendition.height)
    assert picture.format == rendition.format.name
    return rendition, picture


def difference(one, other):
    """Mean difference of two pictures, in levels of 255."""
    bands = ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean
    return max(bands)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_picture_is_fitted_and_looks_the_same(form):
    rendition, picture = one(encode(photo(), form))
    assert rendition.size == BOX
    assert difference(picture, photo().resize((160, 120), Image.Resampling.LANCZOS)) < 5


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encode(photo(), "JPEG"), Format.JPEG),
        (encode(photo(), "PNG"), Format.PNG),
        (encode(photo(), "WEBP"), Format.WEBP),
        (encode(photo(), "GIF"), Format.PNG),
        (animation("GIF"), Format.WEBP),
        (encode(photo(), "AVIF"), Format.JPEG),
        (encode(Image.new("RGBA", (40, 40), (9, 9, 9, 90)), "AVIF"), Format.WEBP),
    ],
)
def test_each_format_becomes_one_that_a_page_can_show(data, expected):
    rendition, _ = one(data)
    assert rendition.format is expected
    assert (rendition.content_type, rendition.extension) == (
        expected.content_type,
        expected.extension,
    )


def test_nothing_is_enlarged():
    assert one(encode(photo(40, 30), "PNG"))[1].size == (40, 30)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encode(Image.new("RGB", (1, 60000), "red"), "JPEG"), (1, 480)),
        (encode(Image.new("RGB", (60000, 1), "red"), "PNG"), (640, 1)),
    ],
)
def test_no_side_gets_below_one_pixel(data, expected):
    assert one(data, Size(640, 480))[1].size == expected


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_each_orientation_comes_out_upright(form, orientation):
    tag = Image.Exif()
    tag[0x0112] = orientation
    data = encode(photo(200, 100), form, exif=tag)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    _, picture = one(data, Size(200, 200))
    assert picture.size == upright.size
    assert difference(picture, upright) < 5
    assert difference(picture, upright.transpose(Image.Transpose.ROTATE_180)) > 15


def test_several_sizes_come_in_the_order_asked_with_progress():
    seen = []
    sizes = [Size(50, 50), Size(300, 300), Size(80, 10)]
    made = render(encode(photo(), "JPEG"), sizes, progress=lambda *now: seen.append(now))
    assert [(r.size, r.width, r.height) for r in made] == [
        (sizes[0], 50, 38),
        (sizes[1], 300, 225),
        (sizes[2], 13, 10),
    ]
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_what_progress_raises_stops_the_work():
    def stop(done, total):
        raise KeyError(done)

    with pytest.raises(KeyError, match="1"):
        render(encode(photo(), "JPEG"), [BOX, Size(9, 9)], progress=stop)


def test_no_sizes_are_refused():
    with pytest.raises(BadSize):
        render(encode(photo(), "JPEG"), [])


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_an_animation_keeps_its_frames_and_times(form):
    made = render(animation(form, loop=3), [BOX, Size(40, 40)])
    for rendition in made:
        picture = opened(rendition)
        assert (picture.size, picture.n_frames) == ((rendition.width, rendition.height), 6)
        picture.seek(3)
        picture.load()
        assert picture.info["duration"] == 120


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_truncated_picture_is_refused(form):
    with pytest.raises(BadImage) as caught:
        render(first_third(encode(photo(), form)), [BOX])
    assert caught.value.reason == "truncated"


def test_a_jpeg_that_ends_early_with_an_end_mark_is_refused():
    whole = encode(photo(), "JPEG")
    for data in (first_third(whole) + b"\xff\xd9", jpeg_claiming(3000, 2000)):
        with pytest.raises(BadImage) as caught:
            render(data, [BOX])
        assert caught.value.reason == "truncated"


def jpeg_of_some_phone():
    """A JPEG that libjpeg warns of: "Invalid SOS parameters"."""
    data = bytearray(encode(photo(), "JPEG"))
    scan = data.rindex(b"\xff\xda")
    data[scan + int.from_bytes(data[scan + 2 : scan + 4], "big")] = 0
    return bytes(data)


def test_a_jpeg_with_a_harmless_fault_is_taken():
    assert difference(one(jpeg_of_some_phone())[1], photo().resize((160, 120))) < 5


def test_the_fault_of_one_picture_does_not_excuse_the_next():
    one(jpeg_of_some_phone())
    with pytest.raises(BadImage):
        one(first_third(encode(photo(), "JPEG")) + b"\xff\xd9")


def test_a_webp_too_large_to_write_asks_for_a_smaller_size():
    with pytest.raises(BadImage, match="smaller size") as caught:
        render(webp_claiming(6000, 6000), [Size(10000, 10000)])
    assert caught.value.reason == "pixels"


def test_an_avif_whose_header_lies_small_stays_small():
    assert one(avif_claiming(8, 8, real=500))[1].size == (8, 8)
