import codecs

import pytest

from jobs.work.pages import extract
from jobs.work.pages.charsets import decoded

JAPANESE = "東京都の天気予報：晴れ、気温２５℃"
URL = "https://example.jp/"


def page(label, text=JAPANESE):
    return f'<html><head><meta charset="{label}"><title>{text}</title></head><p>{text}</p></html>'


def content_type_page(label):
    meta = f'<META http-equiv="Content-Type" content="text/html; charset={label}">'
    return f"<html><head>{meta}<title>{JAPANESE}</title></head><p>{JAPANESE}</p></html>"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        *(("Shift_JIS", "cp932"), ("x-sjis", "cp932"), ("Windows-31J", "cp932")),
        *(("EUC-JP", "euc_jp"), ("x-euc-jp", "euc_jp"), ("ISO-2022-JP", "iso2022_jp")),
        *(("utf-8", "utf-8"), ("UTF8", "utf-8"), ("gb18030", "gb18030")),
    ],
)
def test_a_japanese_page_comes_out_right(label, codec):
    expected = (JAPANESE, JAPANESE)
    for html, charset in (
        (page(label), None),
        (content_type_page(label), None),
        (page("x"), label),
    ):
        content = extract(html.encode(codec), URL, "text/html", charset)
        assert (content.title, content.text) == expected


@pytest.mark.parametrize(
    ("label", "body"),
    [("shift_jis", b"\x87\x40\x87\x8a"), ("euc-jp", b"\xad\xa1\xad\xea")],
)
def test_characters_that_vendors_added_come_out_right(label, body):
    assert decoded(body, label) == "①㈱"


def test_the_header_goes_before_the_meta_element():
    body = page("iso-8859-1").encode("cp932")
    assert extract(body, URL, "text/html", "Shift_JIS").title == JAPANESE


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
def test_a_byte_order_mark_goes_before_everything(mark, codec):
    body = mark + page("shift_jis").encode(codec)
    assert extract(body, URL, "text/html", "euc-jp").title == JAPANESE


def test_an_xml_declaration_counts():
    body = f'<?xml version="1.0" encoding="EUC-JP"?><html><title>{JAPANESE}</title></html>'
    content = extract(body.encode("euc_jp"), URL, "application/xhtml+xml", None)
    assert content.title == JAPANESE


def test_latin_1_means_the_windows_code_page_as_in_browsers():
    assert decoded(b"caf\xe9 \x80", "ISO-8859-1") == "café €"


def test_without_any_hint_it_is_utf_8_and_bad_bytes_are_marked():
    assert decoded("日本".encode() + b"\xff!", None) == "日本\ufffd!"


def test_a_meta_element_that_claims_utf_16_can_only_mean_utf_8():
    assert extract(page("utf-16").encode(), URL, "text/html", None).title == JAPANESE


@pytest.mark.parametrize(
    "label", ["utf-7", "unicode_escape", "rot13", "zlib", "punycode", "nonsense"]
)
def test_an_encoding_outside_the_web_is_not_believed(label):
    body = b"<title>+ADw-script+AD4- \\u003cb\\u003e</title>"
    assert decoded(body, label) == body.decode()
    assert decoded(f'<meta charset="{label}">'.encode(), None) == f'<meta charset="{label}">'


def test_every_encoding_on_the_list_exists():
    from jobs.work.pages.charsets import CODECS

    for candidates in CODECS.values():
        for codec in candidates:
            assert codecs.lookup(codec)
