"""Batches and bulk actions over the API."""

import json
from datetime import timedelta

import pytest
from celery import shared_task
from django.utils import timezone

from jobs.engine.actions import bulk_actions
from jobs.engine.batches import open_batch
from jobs.models import Batch, BatchCallback, BulkAction, Job
from jobs.queries.jobs import JobFilter

pytestmark = pytest.mark.django_db

PRIVATE = {"task": "jobs.cleanup_old_sessions"}
TOO_MANY = {"task": "test.api.told", "args": [1, 2, 3]}
URLS = [f"https://example.com/{number}" for number in range(3)]


@shared_task(name="test.api.told", public=True)
def told(summary, who=""):
    return who


def post(program, url, body=None):
    answer = program.post(url, json.dumps(body or {}), content_type="application/json")
    return answer.status_code, answer.json()


def refused(program, url, body):
    status, answer = post(program, url, body)
    return status, answer["error"]["code"], answer["error"].get("argument", "")


def end(state="succeeded"):
    Job.objects.unfinished().update(
        state=state,
        waiting_for="",
        finished_at=timezone.now(),
        error_type="" if state == "succeeded" else "E",
    )


def test_a_batch_is_made_with_a_job_for_each_input(program):
    body = {
        "task": "jobs.index_url",
        "inputs": URLS,
        "name": "Crawl",
        "priority": 7,
        "lane": "example.org",
        "lane_width": 2,
        "on_finish": {"task": "test.api.told", "kwargs": {"who": "ann"}},
    }
    status, batch = post(program, "/api/batches", body)
    assert status == 202
    assert (batch["name"], batch["state"], batch["open"]) == ("Crawl", "scheduled", False)
    assert batch["counts"]["total"] == batch["counts"]["scheduled"] == 3
    assert batch["callbacks"] == [{"event": "finish", "task": "test.api.told", "job_id": None}]
    rows = Job.objects.values_list("batch_id", "priority", "lane", "requested_by").distinct()
    assert list(rows) == [(batch["id"], 7, "example.org", "token:ci")]
    job = program.get(f"/api/jobs/{Job.objects.first().id}").json()
    assert job["batch"] == batch["id"]


def test_an_open_batch_takes_jobs_until_it_is_closed(program):
    _, batch = post(program, "/api/batches", {"open": True})
    jobs = f"/api/batches/{batch['id']}/jobs"
    status, added = post(program, jobs, {"task": "jobs.index_url", "inputs": URLS})
    assert (status, len(added["ids"])) == (202, 3)
    status, batch = post(program, f"/api/batches/{batch['id']}/close")
    assert (status, batch["open"], batch["counts"]["total"]) == (202, False, 3)
    assert refused(program, jobs, {"task": "jobs.index_url", "inputs": URLS})[:2] == (
        409,
        "batch_closed",
    )
    assert Job.objects.count() == 3


def test_the_same_key_is_answered_with_the_first_batch(program):
    body = {"task": "jobs.index_url", "inputs": URLS, "idempotency_key": "crawl-7"}
    first = post(program, "/api/batches", body)[1]
    assert post(program, "/api/batches", body)[1]["id"] == first["id"]
    assert (Batch.objects.count(), Job.objects.count()) == (1, 3)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({}, (400, "invalid_value", "task")),
        ({"task": "jobs.index_url"}, (400, "invalid_value", "inputs")),
        ({"task": "jobs.index_url", "inputs": []}, (400, "invalid_value", "inputs")),
        ({"task": "no.such", "inputs": [1]}, (400, "unknown_task", "task")),
        ({"task": "jobs.cleanup_old_sessions", "inputs": [1]}, (403, "task_not_public", "task")),
        ({"task": "jobs.index_url", "inputs": [1], "unique": True}, (400, "unknown_key", "unique")),
        ({"open": 1}, (400, "invalid_value", "open")),
        ({"open": True, "on_finish": {"args": []}}, (400, "invalid_value", "task")),
        ({"open": True, "on_failure": PRIVATE}, (403, "task_not_public", "task")),
        ({"open": True, "on_finish": TOO_MANY}, (400, "invalid_arguments", "")),
        ({"open": True, "name": "a\0b"}, (400, "invalid_value", "name")),
    ],
)  # fmt: skip
def test_a_batch_that_makes_no_sense_is_refused_whole(program, body, answer):
    assert refused(program, "/api/batches", body) == answer
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert not BatchCallback.objects.exists()


def test_a_batch_is_cancelled_and_what_failed_is_retried(program):
    _, batch = post(program, "/api/batches", {"task": "jobs.index_url", "inputs": URLS})
    url = f"/api/batches/{batch['id']}"
    status, batch = post(program, f"{url}/cancel")
    assert (status, batch["counts"]["cancelled"]) == (202, 3)
    assert post(program, f"{url}/cancel")[0] == 202
    _, other = post(program, "/api/batches", {"task": "jobs.index_url", "inputs": URLS})
    end("failed")
    shown = program.get(f"/api/batches/{other['id']}").json()
    assert (shown["causes"][0]["number"], shown["causes"][0]["type"]) == (3, "E")
    assert post(program, f"/api/batches/{other['id']}/retry")[0] == 202
    assert bulk_actions.work(now=timezone.now(), enough=lambda: False) == 3
    Batch.objects.filter(id=other["id"]).update(finished_at=timezone.now())
    assert refused(program, f"/api/batches/{other['id']}/cancel", {})[:2] == (
        409,
        "already_finished",
    )


@pytest.mark.parametrize("verb", ["", "/jobs", "/close", "/cancel", "/retry"])
def test_a_batch_that_is_not_there_is_not_found(program, verb):
    url = f"/api/batches/nowhere{verb}"
    answer = post(program, url) if verb else (program.get(url).status_code, None)
    assert answer[0] == 404


def test_batches_are_listed_the_newest_first_and_on_from_one(program):
    ids = [open_batch(str(number)).id for number in range(3)]
    listed = program.get("/api/batches").json()["batches"]
    assert [row["id"] for row in listed] == ids[::-1]
    rest = program.get(f"/api/batches?before={ids[1]}").json()["batches"]
    assert [row["id"] for row in rest] == ids[:1]


def test_all_that_match_are_retried_and_the_work_can_be_watched_and_stopped(program, a_job):
    for number in range(3):
        a_job(f"f{number}", "failed", created_at=timezone.now() - timedelta(minutes=1))
    a_job("other", "failed", queue="slow", created_at=timezone.now())
    body = {"verb": "retry", "filter": {"queue": "celery", "since": "2020-01-01T00:00:00Z"}}
    status, action = post(program, "/api/bulk-actions", body)
    assert (status, action["state"], action["expected"]) == (202, "running", 3)
    assert action["asked_by"] == "token:ci"
    bulk_actions.work(now=timezone.now(), enough=lambda: False)
    shown = program.get(action["url"]).json()
    assert (shown["state"], shown["done"], shown["skipped"]) == ("finished", 3, 0)
    assert post(program, f"{action['url']}/abort")[0] == 409
    other = bulk_actions.ask("delete", JobFilter(), by="ann")
    for _ in range(2):
        assert post(program, f"/api/bulk-actions/{other.id}/abort")[1]["state"] == "stopped"
    assert post(program, "/api/bulk-actions/nothing/abort")[0] == 404


@pytest.mark.parametrize(
    ("body", "argument"),
    [
        ({"verb": "burn", "all": True}, "verb"),
        ({"verb": "retry"}, "filter"),
        ({"verb": "retry", "filter": {}}, "filter"),
        ({"verb": "retry", "filter": {"task": "x"}, "all": True}, "filter"),
        ({"verb": "retry", "filter": {"state": "odd"}}, "state"),
        ({"verb": "retry", "filter": {"since": "yesterday"}}, "since"),
        ({"verb": "retry", "filter": {"since": "2020-01-01T00:00:00"}}, "since"),
        ({"verb": "retry", "filter": {"task": ""}}, "task"),
        ({"verb": "retry", "filter": {"moon": "full"}}, "moon"),
        ({"verb": "retry", "all": "yes"}, "all"),
    ],
)
def test_a_bulk_action_that_says_too_little_is_refused(program, body, argument):
    status, code, found = refused(program, "/api/bulk-actions", body)
    assert (status, found) == (400, argument)
    assert code in ("invalid_value", "unknown_key")
    assert not BulkAction.objects.exists()
