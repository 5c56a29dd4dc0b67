import pytest
from PIL import Image

from jobs.work.images import HEAD_BYTES, BadImage, Format, sniff
from tests.unit.jobs.work.image_corpus import encode


@pytest.mark.parametrize("form", list(Format))
def test_each_format_is_known_by_its_first_bytes(form):
    data = encode(Image.new("RGB", (9, 9)), form.name)
    assert sniff(data[:HEAD_BYTES]) is sniff(data[:32]) is form


def test_a_format_names_its_content_type_and_extension():
    assert [(f.content_type, f.extension) for f in Format] == [
        ("image/jpeg", "jpg"),
        ("image/png", "png"),
        ("image/webp", "webp"),
        ("image/gif", "gif"),
        ("image/avif", "avif"),
    ]


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"<!DOCTYPE html><p>", "HTML"),
        (b"  \n<html>", "HTML"),
        (b"<svg xmlns=", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><!-- x --><svg>", "SVG"),
        (b"<?xml version='1.0'?><feed>", "XML"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"%!PS-Adobe", "EPS"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "video"),
        (b"RIFF\0\0\0\0WAVE", "recognised"),
        (b"\xff\xd8", "recognised"),
        (b"hello", "recognised"),
    ],
)
def test_anything_else_is_refused_by_its_name(head, named):
    with pytest.raises(BadImage, match=named) as caught:
        sniff(head)
    assert caught.value.reason == "format"


def test_a_brand_after_the_box_does_not_count():
    with pytest.raises(BadImage):
        sniff(b"\0\0\0\x14ftypisom\0\0\0\0isom" + b"avif" * 4)


def test_avif_is_found_among_the_compatible_brands():
    assert sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif") is Format.AVIF


def test_no_bytes_are_empty():
    with pytest.raises(BadImage) as caught:
        sniff(b"")
    assert caught.value.reason == "empty"
