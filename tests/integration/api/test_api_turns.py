"""Order, limits, uniqueness and pauses over HTTP."""

import json
from datetime import timedelta

import pytest
from celery import shared_task
from django.test import Client
from django.utils import timezone

from jobs.models import Job, Lane, Pause
from jobs.operations.tokens import create_token

pytestmark = pytest.mark.django_db


@shared_task(name="test.charge", public=True)
def charge(order):
    """Be another task that programs may call."""


def post(program, path, data):
    return program.post(path, json.dumps(data), content_type="application/json")


def submit(program, url="https://example.com/", **turn):
    return post(program, "/api/jobs", {"task": "jobs.index_url", "kwargs": {"url": url}, **turn})


def error(response):
    return response.status_code, response.json()["error"]["code"]


def test_a_lane_is_made_with_its_width_and_rate(program):
    answer = submit(program, lane="order-17", lane_width=4, lane_rate="10/m").json()

    lane = Lane.objects.get()
    assert (lane.key, lane.width, lane.rate_count, lane.rate_seconds) == ("order-17", 4, 10, 60)
    shown = program.get(f"/api/jobs/{answer['id']}").json()
    assert (shown["lane"], shown["waiting_for"]) == ("order-17", "lane")


@pytest.mark.parametrize(
    "turn",
    [
        {"unique": True},
        {"unique": "shop-7"},
        {"unique": "shop-7", "unique_for": "waiting"},
        {"unique": "shop-7", "unique_for": 60},
        {"idempotency_key": "payment-93"},
    ],
)
def test_a_second_one_is_answered_with_the_first(program, turn):
    first, second = submit(program, **turn), submit(program, **turn)

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert Job.objects.count() == 1


def test_each_token_has_idempotency_keys_of_its_own(program):
    token = create_token("another", timezone.now())
    another = Client(headers={"Authorization": f"Bearer {token}"})
    key = {"idempotency_key": "payment-93"}
    mine, theirs = submit(program, **key).json()["id"], submit(another, **key).json()["id"]

    assert mine != theirs
    assert submit(program, **key).json()["id"] == mine
    assert submit(another, **key).json()["id"] == theirs
    assert Job.objects.count() == 2


def test_the_one_that_waits_may_get_the_new_arguments(program):
    turn = {"unique": "shop-7", "unique_for": "waiting", "on_conflict": "replace"}
    submit(program, "https://old.example/", **turn)
    submit(program, "https://new.example/", **turn)

    assert "new.example" in Job.objects.get().message


def test_an_idempotency_key_of_another_task_is_a_conflict(program):
    submit(program, idempotency_key="payment-93")
    other = {"task": charge.name, "args": [1], "idempotency_key": "payment-93"}

    assert error(post(program, "/api/jobs", other)) == (409, "key_taken")


def test_a_job_that_has_begun_takes_no_new_arguments(program):
    turn = {"unique": "shop-7", "on_conflict": "replace"}
    submit(program, **turn)
    now = timezone.now()
    Job.objects.update(state="running", worker="w", attempt=1, started_at=now)

    assert error(submit(program, "https://new.example/", **turn)) == (409, "too_late")


def test_a_retry_beside_the_job_that_has_the_key_is_a_conflict(program):
    first = submit(program, unique="shop-7").json()["id"]
    now = timezone.now()
    Job.objects.update(state="failed", error_type="X", finished_at=now, unique_key="")
    second = submit(program, unique="shop-7").json()["id"]
    answer = program.post(f"/api/jobs/{first}/retry")

    assert error(answer) == (409, "key_taken")
    assert second in answer.json()["error"]["message"]


def test_null_is_as_if_it_were_not_given(program):
    keys = ("lane", "lane_width", "lane_rate", "unique", "unique_for", "on_conflict")

    assert submit(program, **dict.fromkeys((*keys, "idempotency_key"))).status_code == 202
    assert not Lane.objects.exists()


def test_a_pause_is_made_shown_and_ended(program, a_job):
    a_job()
    until = (timezone.now() + timedelta(hours=1)).replace(microsecond=0)
    wish = {"kind": "queue", "value": "celery", "reason": "the shop is closed"}

    made = post(program, "/api/pauses", {**wish, "until": until.isoformat()})

    assert made.status_code == 201
    assert made.json() == {
        **wish,
        "url": "http://testserver/api/pauses/queue/celery",
        "paused_by": "token:ci",
        "created_at": made.json()["created_at"],
        "until": until.isoformat().replace("+00:00", "Z"),
    }
    assert program.get("/api/pauses").json() == {"pauses": [made.json()]}
    assert program.get("/api/jobs/job-1").json()["waiting_for"] == "pause"

    ended = program.delete("/api/pauses/queue/celery")

    assert (ended.status_code, ended.json()) == (200, {"resumed": 1})
    assert program.get("/api/pauses").json() == {"pauses": []}
    assert Job.objects.get().state == "queued"


def test_the_key_of_a_lane_may_have_slashes(program):
    made = post(program, "/api/pauses", {"kind": "lane", "value": "shop 7/order 8"}).json()

    assert made["url"].endswith("/api/pauses/lane/shop%207/order%208")
    assert program.delete(made["url"]).status_code == 200
    assert not Pause.objects.exists()


@pytest.mark.parametrize("where", ["queue/celery", "world/x", "lane/%00", "lane/" + "x" * 5_000])
def test_what_is_not_paused_is_not_found(program, where):
    assert error(program.delete(f"/api/pauses/{where}")) == (404, "not_found")


def test_an_address_with_two_methods_names_both(program):
    response = program.put("/api/pauses")

    assert error(response) == (405, "method_not_allowed")
    assert "GET and POST do." in response.json()["error"]["message"]


def test_pauses_need_a_token(stranger):
    wish = {"kind": "queue", "value": "celery"}

    assert post(stranger, "/api/pauses", wish).status_code == 401
    assert stranger.get("/api/pauses").status_code == 401
    assert stranger.delete("/api/pauses/queue/celery").status_code == 401
