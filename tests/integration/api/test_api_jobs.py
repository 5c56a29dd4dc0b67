import json
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.models import Job, Node
from jobs.operations.cancel import cancel

pytestmark = pytest.mark.django_db

CALL = {"task": "jobs.index_url", "kwargs": {"url": "https://example.com/"}}


def post(program, path, data):
    return program.post(path, json.dumps(data), content_type="application/json")


def test_a_job_is_written_down_and_its_address_told(program):
    response = post(program, "/api/jobs", CALL)
    assert response.status_code == 202
    answer = response.json()
    assert answer.keys() == {"id", "state", "url"}
    assert answer["state"] == "queued"
    assert answer["url"] == f"http://testserver/api/jobs/{answer['id']}"
    job = Job.objects.get(pk=answer["id"])
    assert (job.task, job.requested_by) == ("jobs.index_url", "token:ci")


def test_positional_arguments_do_as_well(program):
    response = post(
        program, "/api/jobs", {"task": "jobs.index_url", "args": ["https://a.example/"]}
    )
    assert response.status_code == 202


def test_delay_queue_and_priority_reach_the_row(program):
    wishes = {"countdown": 3600, "queue": "celery", "priority": 9}
    answer = post(program, "/api/jobs", {**CALL, **wishes}).json()
    job = Job.objects.get(pk=answer["id"])
    assert answer["state"] == "scheduled"
    assert (job.queue, job.priority) == ("celery", 9)
    assert timedelta(minutes=59) < job.run_at - timezone.now() <= timedelta(hours=1)


def test_null_stands_for_not_given(program):
    wishes = {"countdown": None, "queue": None, "priority": None}
    assert post(program, "/api/jobs", {**CALL, **wishes}).status_code == 202


def test_a_queue_that_a_worker_listens_to_is_known(program):
    assert post(program, "/api/jobs", {**CALL, "queue": "mail"}).status_code == 400
    now = timezone.now()
    Node.objects.create(
        id="w", kind="worker", name="w", pid=1, queues="celery,mail", started_at=now, seen_at=now
    )
    assert post(program, "/api/jobs", {**CALL, "queue": "mail"}).status_code == 202


@pytest.mark.parametrize(
    ("data", "status", "code", "argument"),
    [
        ({}, 400, "invalid_value", "task"),
        ({"task": "jobs.nothing"}, 400, "unknown_task", "task"),
        ({"task": "jobs.cleanup_old_sessions"}, 403, "task_not_public", "task"),
        ({"task": "celery.backend_cleanup"}, 403, "task_not_public", "task"),
        ({"task": "jobs.index_url"}, 400, "invalid_arguments", "url"),
        ({**CALL, "args": {}}, 400, "invalid_value", "args"),
        ({**CALL, "contdown": 5}, 400, "unknown_key", "contdown"),
        ({**CALL, "countdown": -1}, 400, "invalid_value", "countdown"),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_nothing_is_written(
    program, data, status, code, argument
):
    response = post(program, "/api/jobs", data)
    assert response.status_code == status
    error = response.json()["error"]
    assert (error["code"], error["argument"]) == (code, argument)
    assert not Job.objects.exists()


def test_arguments_that_are_too_large_are_refused(program, settings):
    settings.HACHI_MAX_MESSAGE_BYTES = 2_000
    call = {"task": "jobs.index_url", "kwargs": {"url": "x" * 3_000}}
    response = post(program, "/api/jobs", call)
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


def test_a_job_is_shown_with_all_that_is_known(program, a_job):
    a_job(
        state="succeeded",
        max_attempts=3,
        result='{"at": {"__type__": "datetime", "__value__": "2031-01-01T00:00:00"}, "n": NaN}',
        progress_done=2,
        progress_total=4,
        progress_message="half",
    )
    answer = program.get("/api/jobs/job-1").json()
    assert answer == {
        "id": "job-1",
        "url": "http://testserver/api/jobs/job-1",
        "state": "succeeded",
        "task": "jobs.index_url",
        "attempt": 1,
        "max_attempts": 3,
        "lane": None,
        "batch": None,
        "waiting_for": None,
        "progress": {"done": 2, "total": 4, "message": "half"},
        "created_at": "2031-05-06T07:08:09Z",
        "run_at": "2031-05-06T07:08:09Z",
        "started_at": "2031-05-06T07:08:09Z",
        "finished_at": "2031-05-06T07:08:09Z",
        "result": {"at": "2031-01-01T00:00:00", "n": "NaN"},
        "error": None,
    }


def test_a_failure_is_shown_in_the_task_s_own_words(program, a_job):
    a_job(state="failed", error_message="no such thing", result='{"exc_type": "ValueError"}')
    answer = program.get("/api/jobs/job-1").json()
    assert answer["error"] == {"type": "ValueError", "message": "no such thing"}
    assert (answer["progress"], answer["result"]) == (None, None)


@pytest.mark.parametrize("job_id", ["gone", "%00", "%F0%9F%90%95", "x" * 5_000])
def test_a_job_that_is_not_there_is_not_found(program, job_id):
    for response in (
        program.get(f"/api/jobs/{job_id}"),
        program.post(f"/api/jobs/{job_id}/cancel"),
        program.post(f"/api/jobs/{job_id}/retry"),
    ):
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_found"


def test_a_waiting_job_is_cancelled_and_cancelling_twice_does_no_harm(program, a_job):
    a_job()
    for _ in range(2):
        response = program.post("/api/jobs/job-1/cancel")
        assert response.status_code == 202
        assert response.json()["state"] == "cancelled"


def test_the_worker_of_a_running_job_is_asked(program, a_job):
    job = a_job(state="running")
    for _ in range(2):
        response = program.post("/api/jobs/job-1/cancel")
        assert (response.status_code, response.json()["state"]) == (202, "running")
    job.refresh_from_db()
    assert job.cancel_requested_at is not None


def test_a_job_that_has_ended_is_not_cancelled(program, a_job):
    a_job(state="succeeded")
    response = program.post("/api/jobs/job-1/cancel")
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "already_finished"


def test_a_finished_job_is_retried(program, a_job):
    a_job(state="failed")
    response = program.post("/api/jobs/job-1/retry")
    assert (response.status_code, response.json()["state"]) == (202, "queued")


def test_a_job_that_has_not_ended_is_not_retried(program, a_job):
    a_job(state="running")
    response = program.post("/api/jobs/job-1/retry")
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "not_finished"


def test_a_cancelled_job_is_retried_too(program, a_job):
    a_job()
    cancel(["job-1"], reason="enough", now=timezone.now())
    assert program.post("/api/jobs/job-1/retry").status_code == 202


def test_addresses_are_those_that_people_outside_know(program, a_job, settings):
    settings.PUBLIC_URL = "https://jobs.example"
    a_job()
    assert program.get("/api/jobs/job-1").json()["url"] == "https://jobs.example/api/jobs/job-1"


def test_a_job_is_accepted_with_a_handful_of_statements(program, django_assert_max_num_queries):
    post(program, "/api/jobs", CALL)
    with django_assert_max_num_queries(6):
        post(program, "/api/jobs", CALL)
