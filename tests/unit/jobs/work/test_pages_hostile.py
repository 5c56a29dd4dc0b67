import time

import pytest

from jobs.work.pages import BadPage, PageFailure, extract

MANY = 25_000
ATTRIBUTES = {
    "bare": "<div " + " ".join(f"a{n}" for n in range(MANY)) + ">",
    "one tag without an end": "<div " + " ".join(f"a{n}" for n in range(MANY)),
    "separated by slashes": "<div/" + "/".join(f"a{n}" for n in range(MANY)) + ">",
    "an end inside each value": "<div " + " ".join(f'a{n}=">"' for n in range(MANY)) + ">",
    "tags inside each value": "<div " + " ".join(f"a{n}='<>'" for n in range(MANY)) + ">",
    "names that begin like tags": "<div " + " ".join(f"<a{n}" for n in range(MANY)) + ">",
    "a stray quote in a comment": '<!-- =" --><div '
    + " ".join(f'a{n}=">="' for n in range(MANY))
    + ">",
    "many tags of some": ("<div " + " ".join(f"a{n}" for n in range(5_000)) + ">") * 40,
}
NESTING = {
    "never closed": "<div>" * 50_000,
    "closed in the end": "<div>" * 50_000 + "</div>" * 50_000,
    "closed by strangers": "<div></z>" * 50_000,
    "closed in comments": "<div><!--</div>-->" * 50_000,
    "closed in scripts": "<div><script></div></script>" * 50_000,
    "closed in values": "<div title='</div>'>" * 50_000,
    "closed in declarations": "<div><!x </div>" * 50_000,
    "opened in a value that is none": '<a =">' + "<div>" * 50_000,
    "opened in an end tag that is over": '</a =">' + "<div>" * 50_000,
    "opened in a comment that is none": "<svg><style><!--" + "<div>" * 50_000,
    "deep and wide": "<span>" * 19_000 + "<p>x</p>" * 50_000,
    "left open and repeated": "<p>"
    + "".join(f"<font x={n}>" for n in range(5_000))
    + "</p><p>x" * 2_000,
}
HARMLESS = {
    "many links": "".join(f"<p><a href=/{n}>link {n}</a></p>" for n in range(20_000)),
    "many paragraphs": "<p>text" * 100_000,
    "many items": "<ul>" + "<li>item" * 50_000 + "</ul>",
    "many breaks": "text<br>" * 100_000,
    "a picture in the page": f'<img src="data:image/png;base64,{"abcdefghijk/" * 15_000}">',
    "a drawing": "<svg>" + f'<path d="{"M 1 2 L 3 4 " * 300}"/>' * 50 + "</svg>",
    "a script": "<script>"
    + 'if (i<n && c>d) { e.innerHTML = "<b>f</b>"; }\n' * 10_000
    + "</script>",
    "a big table": "<table>" + "<tr><td>1<td><b>2</b><td>3" * 20_000 + "</table>",
    "end tags without end": "</" * 10_000,
}


def seconds(html):
    started = time.process_time()
    try:
        extract(html.encode(), "https://example.com/", "text/html", "utf-8")
    finally:
        # Generous: the same pages take from several seconds to minutes when parsed.
        assert time.process_time() - started < 3
    return time.process_time() - started


@pytest.mark.parametrize("html", ATTRIBUTES.values(), ids=ATTRIBUTES)
def test_a_tag_with_very_many_attributes_is_refused(html):
    with pytest.raises(BadPage, match="attributes") as caught:
        seconds(html)
    assert caught.value.reason is PageFailure.TOO_COMPLEX


@pytest.mark.parametrize("html", NESTING.values(), ids=NESTING)
def test_elements_in_elements_without_end_are_refused(html):
    with pytest.raises(BadPage, match="nested") as caught:
        seconds(html)
    assert caught.value.reason is PageFailure.TOO_COMPLEX


@pytest.mark.parametrize("html", HARMLESS.values(), ids=HARMLESS)
def test_a_large_page_is_read_in_good_time(html):
    assert len(html) < 2_000_000
    seconds(html)


@pytest.mark.parametrize(
    "piece",
    ["<script>", "<script ", "<!--", '<a b="', "<a b=' ", "=\"'>", "<meta ", "<", "<![CDATA["],
)
def test_looking_at_a_page_takes_no_longer_than_reading_it(piece):
    html = piece * (1_900_000 // len(piece))
    try:
        seconds(html)
    except BadPage as error:
        assert error.reason is PageFailure.TOO_COMPLEX


def test_a_page_that_is_too_large_is_refused_unread():
    with pytest.raises(BadPage) as caught:
        seconds("x" * 2_000_001)
    assert caught.value.reason is PageFailure.TOO_LARGE
