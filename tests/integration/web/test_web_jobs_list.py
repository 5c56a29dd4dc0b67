from datetime import timedelta
from itertools import chain
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.queries.jobs import Cursor, JobFilter, counts, list_jobs, newer_than
from tests.integration.web.web_rows import make_job

pytestmark = pytest.mark.django_db


def found(web, query):
    """The ids that the list shows for `query`."""
    page = web.get(f"/jobs/?{query}")
    assert page.status_code == 200
    return {row.id for row in page.context["page"].rows}


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("state=failed", {"state": "failed"}),
        ("state=running", {"state": "running"}),
        ("state=scheduled", {"state": "scheduled"}),
        ("task=shop.pay", {"task": "shop.pay"}),
        ("queue=video", {"queue": "video"}),
        ("q=abc-1", {"id": "abc-123"}),
        ("q=SHOP", {"task": "shop.pay"}),
        ("q=残高", {"state": "failed", "error_message": "残高不足"}),
        ("q=CardDeclined", {"state": "failed", "error_type": "CardDeclined"}),
        ("cause=c0ffee", {"state": "failed", "error_fingerprint": "c0ffee"}),
        ("schedule=Daily", {"schedule": "Daily"}),
        ("state=failed&queue=video", {"state": "failed", "queue": "video"}),
    ],
)
def test_a_filter_narrows_the_list(web, query, columns):
    make_job("succeeded")
    wanted = make_job(**columns)

    assert found(web, query) == {wanted.id}


def test_a_time_range_narrows_the_list(web, settings):
    settings.TIME_ZONE = "UTC"
    old, new = make_job(age=7200), make_job(age=60)
    hour_ago = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")

    assert found(web, f"since={hour_ago}") == {new.id}
    assert found(web, f"until={hour_ago}") == {old.id}


def test_what_cannot_be_read_does_not_narrow(web):
    job = make_job()

    assert found(web, "state=lost&since=yesterday&before=x&after=_&q=%00") == {job.id}


def walk(web, rel, address):
    """Follow `rel` to the end; the ids of each page."""
    pages = []
    while address:
        page = web.get(address).context["page"]
        pages.append([row.id for row in page.rows])
        cursor = page.older if rel == "before" else page.newer
        address = f"/jobs/?{rel}={cursor}" if cursor else None
    return pages


def test_the_list_is_walked_in_both_directions_without_gaps_or_doubles(web):
    moment = timezone.now()
    ids = [make_job("succeeded", id=f"j{n:03}", age=n // 7, now=moment).id for n in range(120)]
    newest_first = [
        job.id for job in sorted(Job.objects.all(), key=lambda j: (j.created_at, j.id))[::-1]
    ]
    assert len(ids) == len(newest_first)

    older = walk(web, "before", "/jobs/")
    assert [len(page) for page in older] == [50, 50, 20]
    assert list(chain(*older)) == newest_first

    last = Job.objects.get(id=newest_first[-1])
    newer = walk(web, "after", f"/jobs/?after={Cursor.of(last)}")
    assert list(chain(*newer[::-1])) == newest_first[:-1]


def test_no_page_counts_the_table(web, django_assert_max_num_queries):
    for _ in range(60):
        make_job("succeeded")

    with django_assert_max_num_queries(12) as asked:
        web.get("/jobs/")

    assert not [q for q in asked if 'COUNT(*) AS "__count" FROM "jobs_job"' in q["sql"]]


def test_the_filter_stays_while_paging(web):
    for _ in range(51):
        make_job("failed", queue="video")

    page = web.get("/jobs/?state=failed&queue=video").text
    link = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")

    assert parse_qs(urlsplit(link).query)["queue"] == ["video"]
    assert parse_qs(urlsplit(link).query)["state"] == ["failed"]


def test_a_cursor_reads_what_it_wrote():
    cursor = Cursor(timezone.now(), "a_b_8")

    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse("") is Cursor.parse("x_1") is Cursor.parse("9" * 20 + "_1") is None


def test_newer_jobs_are_counted_up_to_a_bound():
    first = make_job(age=100)
    for _ in range(5):
        make_job(age=10)

    assert newer_than(JobFilter(), Cursor.of(first)) == 5
    assert newer_than(JobFilter(), Cursor.of(first), most=3) == 3


def test_counts_look_at_unfinished_jobs_and_the_last_day():
    for state in ("scheduled", "queued", "running", "succeeded", "failed", "cancelled"):
        make_job(state)
        make_job(state, age=3 * 86400)
    make_job("queued", worker="w1")

    told = counts(timezone.now())

    assert (told.scheduled, told.queued, told.running) == (2, 3, 2)
    assert (told.succeeded, told.failed, told.cancelled) == (1, 1, 1)
    assert not told.bounded


def test_counts_of_a_busy_day_are_bounded_but_failures_are_exact(monkeypatch):
    monkeypatch.setattr("jobs.queries.jobs.tally.MOST", 3)
    for _ in range(5):
        make_job("succeeded", age=10)
    make_job("failed", age=500)

    told = counts(timezone.now())

    assert (told.succeeded, told.failed, told.bounded) == (3, 1, True)


def test_many_jobs_are_retried_at_once(web):
    failed = [make_job("failed") for _ in range(3)]
    running = make_job("running")
    ids = [job.id for job in [*failed, running]]

    page = web.post("/jobs/?state=failed", {"action": "retry", "id": ids}, follow=True)

    assert page.redirect_chain[0][0] == "/jobs/?state=failed"
    assert "3 jobs queued again. 1 job left as they were" in page.text
    assert set(Job.objects.filter(state="queued").values_list("id", flat=True)) == {
        job.id for job in failed
    }


def test_many_jobs_are_cancelled_at_once(web):
    waiting = [make_job("queued"), make_job("scheduled")]
    running = make_job("running")

    web.post("/jobs/", {"action": "cancel", "id": [job.id for job in [*waiting, running]]})

    assert Job.objects.filter(state="cancelled").count() == 2
    assert Job.objects.get(id=running.id).cancel_requested_at
    assert "ann" in Job.objects.filter(state="cancelled").first().error_message


def test_an_unknown_action_is_refused(web):
    job = make_job("queued")

    assert web.post("/jobs/", {"action": "drop", "id": [job.id]}).status_code == 400


def test_rows_on_the_page_renew_themselves_and_new_ones_are_told_of(web):
    job = make_job("queued", age=5)
    board = web.get("/jobs/").context["board"]
    assert job.id in board.poll_url

    Job.objects.filter(id=job.id).update(
        state="cancelled", finished_at=timezone.now(), error_type="Cancelled"
    )
    make_job("queued", age=0)
    answer = web.get(board.poll_url, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert '<tr id="row-0" hx-swap-oob="true">' in answer.text
    assert "cancelled" in answer.text
    assert "1 newer job." in answer.text


def test_rows_that_did_not_change_are_not_sent_again(web):
    make_job("succeeded")
    board = web.get("/jobs/").context["board"]

    assert web.get(board.poll_url).status_code == 204


@pytest.mark.parametrize("state", ["scheduled", "running", "failed"])
def test_a_rare_state_is_found_by_its_index(state, settings):
    page = list_jobs(JobFilter(state=state), timezone.now())

    assert list(page.rows) == []
