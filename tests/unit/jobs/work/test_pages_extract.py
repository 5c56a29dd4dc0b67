import pickle

import pytest

from jobs.work.pages import BadPage, Link, PageFailure, extract

URL = "https://example.com/dir/page"


def read(html, content_type="text/html"):
    return extract(html.encode(), URL, content_type, "utf-8")


def test_a_page_says_what_it_is():
    content = read(
        """<!doctype html><html lang="ja"><head><title> A
        title </title><meta name="Description" content=" What  it is ">
        <link rel="canonical" href="/real?x=1#top"></head>
        <body><h1>Hello</h1><p>One  two</p></body></html>"""
    )
    assert content.title == "A title"
    assert content.description == "What it is"
    assert content.text == "Hello One two"
    assert content.language == "ja"
    assert content.canonical_url == "https://example.com/real?x=1"
    assert content.links == ()
    assert not content.noindex


def test_an_empty_page_says_nothing():
    for html in ("", "<html></html>", "<frameset></frameset>"):
        content = read(html)
        assert (content.title, content.description, content.text) == ("", "", "")
        assert (content.links, content.language, content.canonical_url) == ((), "", None)


def test_the_words_for_social_media_fill_in():
    content = read(
        '<meta property="og:title" content="Shared"><meta property="og:description" content="So">'
    )
    assert (content.title, content.description) == ("Shared", "So")


def test_the_title_of_a_drawing_is_not_the_title_of_the_page():
    assert read("<body><svg><title>Icon</title></svg></body>").title == ""


def test_what_a_reader_does_not_see_is_dropped():
    html = "<p>a</p><script>b()</script><style>c{}</style><template><p>d</p></template><!-- e -->"
    assert read(html).text == "a"


def test_words_grow_together_within_a_line_and_not_across_lines():
    html = "<p>東<b>京</b>都</p><ul><li>one<li>two</ul>three<br>four<table><td>5<td>6</table>"
    assert read(html).text == "東京都 one two three four 5 6"


def test_null_characters_do_not_reach_the_text():
    filler = "a" * 600
    content = read(f"<!-- {filler} --><title>x\0y</title>a\0b&#0;")
    assert "\0" not in content.title + content.text
    assert read(f"{filler}\0b", "text/plain").text == f"{filler}b"


def test_text_and_lines_are_capped():
    content = read(f"<title>{'t' * 2_000}</title><p>{'x ' * 800_000}")
    assert len(content.title) == 1_000
    assert 999_990 < len(content.text) <= 1_000_000


def test_links_are_absolute_canonical_and_found_once():
    content = read(
        """<a href="one">One</a><a href="/dir/one#part">again</a><a href="//Other.example">
        <b>Two</b> words</a><a href="HTTP://example.com:80/%e3">3</a><area href="?q" alt="Map">"""
    )
    assert content.links == (
        Link("https://example.com/dir/one", "One"),
        Link("https://other.example/", "Two words"),
        Link("http://example.com/%E3", "3"),
        Link("https://example.com/dir/page?q", "Map"),
    )


def test_a_link_takes_the_first_text_that_is_not_empty():
    assert read('<a href="/a"><img></a><a href="/a">Words</a>').links[0].text == "Words"


@pytest.mark.parametrize(
    "href",
    ["mailto:a@b.c", "javascript:x()", "data:text/html,x", "file:///x", "http://[", "", "#x"],
)
def test_links_that_lead_to_no_other_page_are_left_out(href):
    links = read(f'<a href="{href}">x</a>').links
    assert [link.url for link in links if link.url != URL] == []


def test_relative_links_start_from_the_base_of_the_page():
    content = read('<base href="/deep/er/"><a href="x">x</a><link rel=canonical href=y>')
    assert content.links[0].url == "https://example.com/deep/er/x"
    assert content.canonical_url == "https://example.com/deep/er/y"


def test_a_base_that_is_no_page_is_ignored():
    content = read('<base href="javascript:x"><a href="y">y</a>')
    assert content.links[0].url == "https://example.com/dir/y"


def test_the_number_of_links_is_capped():
    assert len(read("".join(f"<a href=/{n}>{n}</a>" for n in range(1_500))).links) == 1_000


@pytest.mark.parametrize(
    ("content", "expected"),
    [("noindex", True), ("NOFOLLOW, NoIndex", True), ("none", True), ("index", False), ("", False)],
)
def test_the_wish_not_to_be_listed_is_reported(content, expected):
    assert read(f'<META NAME="ROBOTS" CONTENT="{content}">').noindex is expected


def test_a_language_that_is_none_is_left_out():
    assert read('<html lang="<script>">').language == ""
    assert read('<html lang=" en-GB ">').language == "en-GB"


def test_plain_text_is_a_page_with_its_first_line_as_title():
    content = read("\n  First  line \nsecond <b>line</b>\n", "text/plain; charset=utf-8")
    assert content.title == "First line"
    assert content.text == "First line second <b>line</b>"
    assert content.links == ()


@pytest.mark.parametrize("content_type", ["TEXT/HTML; charset=utf-8", "application/xhtml+xml", ""])
def test_these_types_are_pages(content_type):
    assert read(" \n<html><title>x</title>", content_type).title == "x"


@pytest.mark.parametrize("content_type", ["image/png", "application/pdf", "application/json"])
def test_another_type_is_refused_by_name(content_type):
    with pytest.raises(BadPage, match=content_type) as caught:
        read("<html>", content_type)
    assert caught.value.reason is PageFailure.NOT_A_PAGE


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "text/html"), (b"{}", ""), (b"", "")],
)
def test_something_else_that_is_sent_as_a_page_is_refused(body, content_type):
    with pytest.raises(BadPage) as caught:
        extract(body, URL, content_type, None)
    assert caught.value.reason is PageFailure.NOT_A_PAGE


def test_the_error_survives_the_way_to_another_process():
    error = BadPage(PageFailure.TOO_LARGE, "Too large.")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.reason, str(copy)) == (error.reason, "Too large.")
