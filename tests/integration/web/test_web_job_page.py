import re
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.queries.jobs import job_details
from tests.integration.web.web_rows import make_attempt, make_job, make_line, make_worker

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def sentence(web, job):
    page = web.get(f"/jobs/{job.id}/").text
    found = re.search(r'<div class="why.*?<p>(.*?)</p>', page, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).replace("&#x27;", "'")


def test_the_page_says_how_many_are_ahead_and_that_slots_are_busy(web):
    make_worker("w1", concurrency=2)
    make_job("running")
    make_job("running")
    make_job("queued", age=30)
    make_job("queued", age=1, priority=9)
    make_job("queued", age=40, queue="other", priority=9)
    job = make_job("queued", age=12)

    assert sentence(web, job) == (
        "Ready for 12 s: 2 jobs are ahead of it in queue celery; 2 of 2 slots are busy."
    )


def test_the_page_says_that_nobody_listens(web):
    make_worker("w1", queues="celery,images")
    job = make_job("queued", queue="video", age=12)

    assert "no worker is listening to queue video" in sentence(web, job)
    assert "celery -A config worker -Q video" in sentence(web, job)


def test_a_worker_that_stops_or_is_silent_does_not_listen(web):
    make_worker("w1", silent=60)
    job = make_job("queued")
    assert "no worker is running at all" in sentence(web, job)

    node = make_worker("w2")
    node.stopping_at = timezone.now()
    node.save()
    assert "no worker is listening to queue celery" in sentence(web, job)


def test_the_page_says_that_the_worker_is_silent(web):
    make_worker("w1", silent=30)
    job = make_job("running", worker="w1")

    assert "which has been silent for 30 s" in sentence(web, job)


def test_the_life_is_told_in_order_with_times():
    job = make_job("succeeded")

    told = job_details(job.id, timezone.now())

    assert [m.name for m in told.moments] == [
        "Submitted",
        "Announced to workers",
        "Attempt 1 began",
        "Succeeded",
    ]
    assert (told.waited, told.ran) == ("2 s", "0.4 s")


def test_what_is_still_to_come_is_told_as_such():
    job = make_job("scheduled")

    told = job_details(job.id, timezone.now())

    assert [(m.name, m.coming) for m in told.moments] == [("Submitted", False), ("Due", True)]


def test_attempts_and_log_are_shown(web):
    job = make_job("failed", attempt=2)
    make_attempt(job, 1, outcome="retried")
    make_attempt(job, 2, outcome="timed_out")
    make_line(job, "first line")

    page = web.get(f"/jobs/{job.id}/").text

    assert "ran into its time limit" in page
    assert "Traceback (most recent call last)" in page
    assert "first line" in page


def test_a_long_log_shows_its_end(web, monkeypatch):
    monkeypatch.setattr("jobs.queries.jobs.details._MOST_LINES", 3)
    job = make_job("succeeded")
    for number in range(5):
        make_line(job, f"line {number}")

    page = web.get(f"/jobs/{job.id}/").text

    assert "line 4" in page
    assert "line 1" not in page
    assert "The newest 3 lines" in page


def test_the_family_is_shown():
    root = make_job("succeeded", id="root", root="root")
    parent = make_job("succeeded", id="parent", root="root", parent="root")
    job = make_job("succeeded", id="me", root="root", parent="parent", group="g")
    make_job("queued", id="child", root="root", parent="me")
    make_job("queued", id="sibling", root="root", parent="parent", group="g")

    family = job_details(job.id, timezone.now()).family

    assert (family.root.id, family.parent.id) == (root.id, parent.id)
    assert [row.id for row in family.children] == ["child"]
    assert [row.id for row in family.group] == ["sibling"]


def test_a_job_is_cancelled_from_its_page(web):
    job = make_job("queued")

    answer = web.post(f"/jobs/{job.id}/cancel", follow=True)

    assert answer.redirect_chain == [(f"/jobs/{job.id}/", 302)]
    assert "Cancelled by ann, before it ran." in answer.text


def test_a_job_is_retried_from_its_page_without_a_reload(web):
    job = make_job("failed")

    answer = web.post(f"/jobs/{job.id}/retry", headers=HTMX)

    assert Job.objects.get().state == "queued"
    assert 'id="live"' in answer.text
    assert 'hx-trigger="every 1s"' in answer.text
    assert "queued" in answer.text


def test_what_cannot_be_done_is_said(web):
    running, failed = make_job("running"), make_job("failed")

    retried = web.post(f"/jobs/{running.id}/retry", headers=HTMX)
    cancelled = web.post(f"/jobs/{failed.id}/cancel", follow=True)

    assert "Only a finished job can be retried." in retried.text
    assert "There is nothing left to cancel." in cancelled.text


@pytest.mark.parametrize("verb", ["retry", "cancel"])
def test_a_job_that_is_gone_is_404(web, verb):
    assert web.post(f"/jobs/gone/{verb}", headers=HTMX).status_code == 404
    assert web.post(f"/jobs/gone/{verb}", follow=True).status_code == 404


def test_buttons_are_for_what_can_be_done(web):
    for state, retry, cancel in (("queued", False, True), ("failed", True, False)):
        told = web.get(f"/jobs/{make_job(state).id}/").context["details"]
        assert (told.can_retry, told.can_cancel) == (retry, cancel)
    asked = make_job("running", cancel_requested_at=timezone.now())
    assert not web.get(f"/jobs/{asked.id}/").context["details"].can_cancel


def test_an_unchanged_page_is_answered_with_nothing(web, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr("jobs.web.job.timezone.now", lambda: now)
    job = make_job("scheduled")
    board = web.get(f"/jobs/{job.id}/").context["board"]

    assert web.get(board.poll_url).status_code == 204


def test_only_sections_that_changed_are_sent(web):
    job = make_job("running")
    board = web.get(f"/jobs/{job.id}/").context["board"]

    make_line(job, "something new")
    answer = web.get(board.poll_url)

    assert answer.status_code == 200
    assert "something new" in answer.text
    assert 'id="actions"' not in answer.text


def test_a_finished_job_stops_the_polling(web):
    job = make_job("running")
    board = web.get(f"/jobs/{job.id}/").context["board"]
    Job.objects.update(state="succeeded", finished_at=timezone.now() + timedelta(seconds=1))

    answer = web.get(board.poll_url)

    assert answer.status_code == 286
    assert "hx-get" not in answer.text
    assert "succeeded" in answer.text


def test_a_finished_job_does_not_poll(web):
    job = make_job("succeeded")

    assert "every " not in web.get(f"/jobs/{job.id}/").text
