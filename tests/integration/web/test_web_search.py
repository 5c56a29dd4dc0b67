from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from jobs.models import Job, Page
from jobs.queries.pages import search_pages
from jobs.queries.pages.search import pieces, words_of
from tests.integration.web.web_rows import make_page

pytestmark = pytest.mark.django_db

search_migration = import_module("jobs.migrations.0002_page_search")


@pytest.fixture
def pages():
    make_page("https://example.com/django", "Django at work", "The web framework with deadlines.")
    make_page("https://example.com/celery", "Celery", "Tasks for Django, run by workers.")
    make_page(
        "https://example.jp/hachi", "忠犬ハチ公", "ハチ公は駅前で帰りを待ち続けた忠犬である。"
    )
    make_page("https://example.jp/bee", "ミツバチ", "花の蜜を加工して蜂蜜とする。Djangoではない。")
    make_page("https://example.com/special", "100% of a_b", 'It\'s "quoted" & (c++) \\ done')


def urls(text, **more):
    return [hit.url.rpartition("/")[2] for hit in search_pages(text, **more).hits]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deadlines", {"django"}),
        ("DEADLINES", {"django"}),
        ("deadl", {"django"}),
        ("django workers", {"celery"}),
        ("workers nothing", set()),
        ("ハチ公", {"hachi"}),
        ("ハチ", {"hachi"}),
        ("蜜", {"bee"}),
        ("忠犬 駅前", {"hachi"}),
        ("忠犬 蜜", set()),
        ("帰りを待ち続けた", {"hachi"}),
        ("蜂蜜 django", {"bee"}),
        ("example.jp", {"hachi", "bee"}),
        ("100%", {"special"}),
        ("a_b", {"special"}),
        ("%", {"special"}),
        ('"quoted"', {"special"}),
        ("c++", {"special"}),
        ("It's", {"special"}),
    ],
)
def test_words_are_found(pages, text, expected):
    assert set(urls(text)) == expected


@pytest.mark.parametrize(
    "text", ["'", '"', "\\", "***", "a:b", "NOT", "OR", "(", "^x", "-", "\x00", "!!! ???", "' & '"]
)
def test_nothing_that_is_typed_is_syntax(pages, text):
    search_pages(text)
    search_pages(f"django {text}")


def test_a_word_in_the_title_counts_more(pages):
    assert urls("django")[0] == "django"


def test_without_words_the_newest_pages_are_shown(pages):
    assert urls("") == ["special", "bee", "hachi", "celery", "django"]


def test_results_go_on_page_by_page(pages):
    first = search_pages("", size=2)
    rest = search_pages("", size=10, start=first.next_start)

    assert len(first.hits) == 2
    assert len(rest.hits) == 3
    assert rest.next_start is None


def test_the_index_follows_the_table(pages):
    Page.objects.filter(url__endswith="/celery").update(text="Something about llamas.")
    assert urls("llamas") == ["celery"]
    assert urls("workers") == []

    Page.objects.filter(url__endswith="/celery").delete()
    assert urls("llamas") == []


def test_a_passage_is_shown_around_the_word():
    make_page("https://example.com/long", "Long", "before " * 500 + "needle " + "after " * 500)

    passage = search_pages("needle").hits[0].passage

    assert [piece.text for piece in passage if piece.found] == ["needle"]
    assert sum(len(piece.text) for piece in passage) < 300


def test_a_very_long_page_can_be_stored_and_found():
    words = " ".join(f"w{n:x}語" for n in range(200_000))
    make_page("https://example.com/huge", "Huge", f"needle {words}")

    assert urls("needle") == ["huge"]


def test_words_are_marked_and_everything_is_escaped(web):
    make_page("https://example.com/", "<b>needle</b>", "a <i>needle</i> & more")

    page = web.get("/pages/?q=needle").text

    assert "&lt;b&gt;<mark>needle</mark>&lt;/b&gt;" in page
    assert "a &lt;i&gt;<mark>needle</mark>&lt;/i&gt; &amp; more" in page


def test_a_text_is_cut_at_its_words():
    cut = pieces("Bees and BEES", ["bees"])

    assert [(piece.text, piece.found) for piece in cut] == [
        ("Bees", True),
        (" and ", False),
        ("BEES", True),
    ]


def test_words_are_split_at_japanese_spaces_too():
    assert words_of("忠犬　ハチ公 ハチ公") == ["忠犬", "ハチ公"]


def test_a_page_is_indexed_from_its_form(web):
    answer = web.post("/pages/", {"url": "https://example.com/"})

    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.id}/"
    assert (job.task, job.requested_by) == ("jobs.index_url", "ann")


@pytest.mark.parametrize("address", ["", "ftp://example.com/", "http://", "nonsense"])
def test_an_address_that_cannot_be_fetched_is_refused(web, address):
    answer = web.post("/pages/", {"url": address})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert Job.objects.count() == 0


def test_the_migration_can_be_taken_back_and_made_again(pages):
    editor = SimpleNamespace(connection=connection)  # SQLite's own refuses inside a transaction

    search_migration.remove(apps, editor)
    search_migration.install(apps, editor)

    assert urls("ハチ公") == ["hachi"]
    assert urls("deadlines") == ["django"]
