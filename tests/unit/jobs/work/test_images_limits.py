import pickle

import pytest
from PIL import Image

from jobs.work.images import BadImage, Format, ImageInfo, Limits, inspect
from tests.unit.jobs.work.image_corpus import (
    animation,
    avif_claiming,
    encode,
    gif,
    jpeg_claiming,
    jpeg_of_many_scans,
    jpeg_with_film_appended,
    photo,
    png,
    webp_claiming,
)


def reason(data, limits=None):
    with pytest.raises(BadImage) as caught:
        inspect(data, limits or Limits())
    return caught.value.reason


@pytest.mark.parametrize("form", list(Format))
def test_the_header_tells_format_and_size(form):
    data = encode(photo(40, 30), form.name)
    assert inspect(data) == ImageInfo(form, 40, 30, frames=1)


@pytest.mark.parametrize("form", ["GIF", "WEBP"])
def test_the_header_tells_the_frames(form):
    assert inspect(animation(form)).frames == 6


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_size_is_that_of_the_picture_turned_upright(form):
    tag = Image.Exif()
    tag[0x0112] = 6
    info = inspect(encode(photo(40, 30), form, exif=tag))
    assert (info.width, info.height) == (30, 40)


def test_bytes_are_counted_before_anything_is_read():
    assert reason(b"not even a picture", Limits(size_bytes=10)) == "too_large"


@pytest.mark.parametrize(
    "data",
    [
        jpeg_claiming(10001, 10000),
        png(7100, 7100, rows=0),
        webp_claiming(7100, 7100),
        gif(7100, 7100, frame=(7100, 7100)),
        avif_claiming(6400, 6400),
    ],
)
def test_each_format_has_its_most_pixels(data):
    assert reason(data) == "pixels"


def test_a_progressive_jpeg_may_have_fewer_pixels():
    limits = Limits(multiscan_pixels=10_000)
    assert inspect(encode(photo(), "JPEG"), limits)
    assert reason(encode(photo(), "JPEG", progressive=True), limits) == "pixels"


def test_scans_are_counted():
    assert inspect(encode(photo(), "JPEG", progressive=True))
    assert reason(jpeg_of_many_scans(64)) == "scans"


def test_scan_marks_after_the_end_are_not_scans():
    assert inspect(jpeg_with_film_appended()).format is Format.JPEG


def test_frames_are_counted_and_weighed():
    assert reason(gif(1, 1, frames=1001)) == "frames"
    assert reason(gif(1000, 1000, frames=101)) == "frames"
    assert inspect(gif(1000, 1000, frames=100)).frames == 100


def test_an_error_survives_the_way_between_processes():
    error = BadImage("scans", "Too many.")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.reason, str(copy)) == (BadImage, "scans", "Too many.")
