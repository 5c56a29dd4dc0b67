from datetime import UTC, datetime, timedelta

import pytest

from jobs.errors import WorkError
from jobs.models import Page
from jobs.operations.pages import store_page
from jobs.work.fetch import Fetched
from jobs.work.pages import Link, PageContent

pytestmark = pytest.mark.django_db

NOW = datetime(2031, 5, 6, tzinfo=UTC)
URL = "https://example.com/"


def fetched(url=URL, body=b"<p>"):
    return Fetched(url, 200, "text/html", "utf-8", body, (), 0.1)


def content(**parts):
    empty = {"title": "", "description": "", "text": "", "links": (), "language": ""}
    return PageContent(**{**empty, "canonical_url": None, "noindex": False, **parts})


def test_a_page_is_kept_with_all_that_it_says():
    links = (Link("https://example.com/b", "B"),)
    page = store_page(
        URL,
        fetched(URL + "a", b"12345"),
        content(title="T", description="D", text="X", links=links, language="ja"),
        now=NOW,
    )
    page = Page.objects.get(pk=page.pk)
    assert (page.url, page.final_url, page.status, page.bytes) == (URL, URL + "a", 200, 5)
    assert (page.title, page.description, page.text, page.language) == ("T", "D", "X", "ja")
    assert page.links == [{"url": "https://example.com/b", "text": "B"}]


def test_a_page_that_is_read_again_is_the_same_row():
    first = store_page(URL, fetched(), content(title="old"), now=NOW)
    later = NOW + timedelta(days=1)
    second = store_page(URL, fetched(), content(title="new"), now=later)
    assert first.pk == second.pk
    assert (second.title, second.fetched_at) == ("new", later)
    assert Page.objects.count() == 1


def test_what_databases_refuse_is_taken_out():
    page = store_page(
        URL,
        fetched(),
        content(
            title="a\0b",
            text="half a pair: \ud83d",
            links=(Link("https://example.com/\0", "\0text\udc00"),),
        ),
        now=NOW,
    )
    page.refresh_from_db()
    assert (page.title, page.text) == ("ab", "half a pair: ?")
    assert page.links == [{"url": "https://example.com/", "text": "text?"}]


def test_long_texts_are_cut_to_their_columns():
    page = store_page(
        URL,
        fetched(),
        content(title="t" * 900, description="d" * 9_000, language="x" * 99),
        now=NOW,
    )
    assert (len(page.title), len(page.description), len(page.language)) == (500, 2000, 35)


@pytest.mark.parametrize(("url", "final"), [(URL + "x" * 2_000, URL), (URL, URL + "x" * 2_000)])
def test_a_url_is_never_cut_but_refused(url, final):
    with pytest.raises(WorkError, match="2000 is the most"):
        store_page(url, fetched(final), content(), now=NOW)
