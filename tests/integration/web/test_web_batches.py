"""The pages of batches and bulk actions, and their commands."""

from io import StringIO

import pytest
from celery import shared_task
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.engine.actions import bulk_actions
from jobs.engine.batches import open_batch
from jobs.models import Batch, BulkAction, Job
from jobs.operations import batches
from jobs.queries.batches import batch_details, batch_row
from jobs.queries.jobs import JobFilter
from tests.integration.web.web_rows import make_job

pytestmark = pytest.mark.django_db


@shared_task(name="test.web.told")
def told(summary):
    return summary


def made(name="Import", **states):
    handle = open_batch(name, on_finish=told.s(), requested_by="bob")
    for state, number in states.items():
        for _ in range(number):
            make_job(state, batch_id=handle.id)
    return handle.id


def text(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def run(*words):
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def work():
    return bulk_actions.work(now=timezone.now(), enough=lambda: False)


def test_the_list_shows_each_batch_with_its_counts(web):
    made("Nightly <b>", succeeded=3, failed=1, running=1, queued=2)
    page = text(web.get("/batches/"))
    assert "Nightly &lt;b&gt;" in page
    assert "3 of 7 jobs succeeded; 1 failed, 1 running, 2 waiting" in page
    assert 'value="57"' in page
    assert "open: more jobs may come" in page
    assert "asked for by bob" in page


def test_without_a_batch_the_list_says_how_to_make_one(web):
    assert "There is no batch." in text(web.get("/batches/"))


def test_older_batches_are_a_page_further(web):
    for number in range(32):
        made(f"batch {number:02d}")
    page = text(web.get("/batches/"))
    assert "batch 31" in page
    assert "batch 01" not in page
    oldest = Batch.objects.order_by("created_at", "id")[2]
    assert "batch 01" in text(web.get(f"/batches/?before={oldest.id}"))


def test_the_page_of_a_batch_shows_counts_causes_and_callbacks(web):
    id = made(succeeded=1, failed=2)
    make_job("failed", batch_id=id, error_type="OSError", error_fingerprint="f2")
    page = text(web.get(f"/batches/{id}/"))
    assert "HTTPError <span" in page
    assert "× 2" in page
    assert f"batch={id}&amp;state=failed&amp;cause=f2" in page
    assert "when all members have ended" in page
    assert "503 from the server" in page


def test_a_batch_that_is_not_there_is_not_found(web):
    for path in ("", "live"):
        assert web.get(f"/batches/nowhere/{path}").status_code == 404
    for verb in ("cancel", "close", "retry"):
        assert web.post(f"/batches/nowhere/{verb}").status_code == 404


def test_a_fragment_is_sent_only_when_it_changed(web):
    id = made(queued=1)
    board = web.get(f"/batches/{id}/").context["board"]
    assert web.get(board.poll_url).status_code == 204
    Job.objects.update(state="succeeded", finished_at=timezone.now())
    assert "1 of 1 job succeeded" in text(web.get(board.poll_url))
    listed = web.get("/batches/").context["board"]
    assert web.get(listed.poll_url).status_code == 204


def test_a_batch_is_cancelled_closed_and_retried_from_its_page(web):
    id = made(queued=2, failed=3)
    assert "The batch is closed" in text(web.post(f"/batches/{id}/close", follow=True))
    assert "3 jobs will be queued again" in text(web.post(f"/batches/{id}/retry", follow=True))
    assert work() == 3
    assert "being cancelled by ann" in text(web.post(f"/batches/{id}/cancel", follow=True)).lower()
    assert Job.objects.filter(state="cancelled").count() == 5
    batches.finish(id, now=timezone.now())
    assert "nothing left to cancel" in text(web.post(f"/batches/{id}/cancel", follow=True))


def test_how_a_batch_ended_is_its_worst_outcome(db):
    for states, outcome in (
        ({"succeeded": 2}, "succeeded"),
        ({"succeeded": 1, "failed": 1, "cancelled": 1}, "failed"),
        ({"succeeded": 1, "cancelled": 1}, "cancelled"),
        ({}, "succeeded"),
    ):
        id = made(**states)
        batches.close(id, now=timezone.now())
        batches.finish(id, now=timezone.now())
        assert (batch_row(id).state, batch_row(id).percent) == (outcome, 100)
    assert batch_row(made(queued=1)).state == "queued"
    assert batch_row(made(scheduled=1)).state == "scheduled"
    assert batch_row(made(queued=1, succeeded=1)).state == "running"


def test_the_pace_is_that_of_the_last_minute(db):
    now = timezone.now()
    id = made(queued=10)
    Batch.objects.update(created_at=now - timezone.timedelta(hours=1))
    for _ in range(6):
        make_job("succeeded", batch_id=id, finished_at=now - timezone.timedelta(seconds=20))
    make_job("succeeded", finished_at=now)
    details = batch_details(id, now)
    assert details.rate == pytest.approx(0.1)
    assert details.pace == "6.0 a minute, about 1 min to go"


def test_a_job_says_its_batch_and_the_list_can_be_narrowed_to_it(web):
    id = made("Import", queued=1)
    job = Job.objects.get()
    make_job("queued", task="jobs.another")
    assert f'<a href="/batches/{id}/">Import</a>' in text(web.get(f"/jobs/{job.id}/"))
    page = text(web.get(f"/jobs/?batch={id}"))
    assert "Jobs of" in page
    assert "jobs.another</a>" not in page


def test_all_that_match_are_asked_about_and_then_done(web):
    for _ in range(3):
        make_job("failed", task="shop.pay")
    make_job("failed", task="shop.ship")
    listed = text(web.get("/jobs/?state=failed&task=shop.pay"))
    assert 'action="/bulk/ask"' in listed
    assert '<input type="hidden" name="task" value="shop.pay">' in listed
    url = "/bulk/ask?verb=retry&state=failed&task=shop.pay"
    assert "3 jobs</b> will be queued again" in text(web.get(url))
    assert not BulkAction.objects.exists()
    page = text(web.post(url, follow=True))
    assert "Retry jobs: state failed, task shop.pay" in page
    assert "0 jobs queued again, of 3 jobs" in page
    assert "1 bulk action under way" in text(web.get("/jobs/"))
    assert work() == 3
    assert "3 jobs queued again" in text(web.get("/bulk/"))
    assert BulkAction.objects.get().asked_by == "ann"


def test_what_no_job_fits_is_said_and_what_cannot_be_read_is_refused(web):
    assert "No job fits" in text(web.get("/bulk/ask?verb=delete&task=none"))
    for query in ("verb=burn", "", "verb=delete&since=yesterday", "verb=delete&state=odd"):
        for ask in (web.get, web.post):
            assert ask(f"/bulk/ask?{query}").status_code == 400
    assert not BulkAction.objects.exists()


def test_a_bulk_action_is_stopped_from_its_page(web):
    make_job("failed")
    web.post("/bulk/ask?verb=delete")
    action = BulkAction.objects.get()
    board = web.get("/bulk/").context["board"]
    assert web.get(board.poll_url).status_code == 204
    assert "stopped by ann" in text(web.post(f"/bulk/{action.id}/abort", follow=True))
    assert "come to its end" in text(web.post(f"/bulk/{action.id}/abort", follow=True))
    assert web.post("/bulk/nothing/abort").status_code == 404
    assert work() == 0


def test_strangers_see_none_of_it(client, db):
    for path in ("/batches/", "/bulk/", "/bulk/ask?verb=delete", f"/batches/{made()}/"):
        assert client.get(path).status_code == 302


def test_batches_are_listed_shown_closed_cancelled_and_retried_by_command():
    id = made(failed=2, queued=1)
    assert run("batches", "list").startswith(f"{id}\trunning\tImport\t0 of 3 jobs succeeded")
    shown = run("batches", "show", id)
    assert "HTTPError in jobs.resize_image: 503 from the server" in shown
    assert "on finish:  test.web.told" in shown
    assert run("batches", "close", id) == "The batch is closed.\n"
    assert run("batches", "retry", id) == "2 jobs queued again.\n"
    assert run("batches", "cancel", id) == "The batch is being cancelled.\n"
    batches.finish(id, now=timezone.now())
    for words in (("cancel", id), ("show", "nowhere"), ("list", "--limit", "0")):
        with pytest.raises(CommandError):
            run("batches", *words)


def test_bulk_actions_are_asked_for_listed_and_stopped_by_command(monkeypatch):
    make_job("failed", task="a")
    make_job("failed", task="b")
    said = run("bulk", "retry", "--task", "a", "--yes")
    assert said.startswith("Retry jobs: task a: 1 job.")
    action = BulkAction.objects.get()
    assert run("bulk", "list").startswith(f"{action.id}\trunning\t")
    assert run("bulk", "abort", action.id).startswith("It is stopped.")
    for words in (
        ("abort", action.id),
        ("abort", "nothing"),
        ("delete",),
        ("delete", "--all", "--task", "a"),
    ):
        with pytest.raises(CommandError):
            run("bulk", *words)
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        run("bulk", "delete", "--all")
    assert "No job fits" in run("bulk", "cancel", "--all")
    monkeypatch.setattr("builtins.input", lambda prompt: "yes")
    run("bulk", "delete", "--all")
    assert work() == 2


def test_the_admin_shows_batches_and_bulk_actions(boss):
    id = made(queued=1)
    action = bulk_actions.ask("retry", JobFilter(task="a"), by="ann")
    assert "Import" in text(boss.get("/admin/jobs/batch/"))
    shown = text(boss.get(f"/admin/jobs/batch/{id}/change/"))
    assert "test.web.told" in shown
    assert f"/batches/{id}/" in shown
    assert "ann" in text(boss.get("/admin/jobs/bulkaction/"))
    assert boss.get(f"/admin/jobs/bulkaction/{action.id}/change/").status_code == 200
    assert boss.get(f"/admin/jobs/job/{Job.objects.get().pk}/change/").status_code == 200
