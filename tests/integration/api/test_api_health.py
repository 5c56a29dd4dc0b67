import socket
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import Garbage, Node
from jobs.operations.nodes import database_time
from jobs.queries import health
from scripts import redis_server

# The checks look through connections of their own, so the rows must be committed.
pytestmark = pytest.mark.django_db(transaction=True)


def free_port():
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.fixture
def redis_url(tmp_path):
    with redis_server.running(tmp_path, free_port()) as url:
        yield url


def process(kind, seconds_ago=0.0):
    seen = timezone.now() - timedelta(seconds=seconds_ago)
    Node.objects.create(id=kind, kind=kind, name=kind, pid=1, started_at=seen, seen_at=seen)


@pytest.fixture
def all_up(settings, redis_url):
    settings.REDIS_URL = redis_url
    process("worker")
    process("beat")


def test_all_is_well_when_all_is_up(stranger, all_up):
    response = stranger.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "checks": {"database": "ok", "redis": "ok", "worker": "ok", "beat": "ok"},
        "warnings": [],
    }
    assert response["Cache-Control"] == "no-store"


def test_head_does_as_well(stranger, all_up):
    response = stranger.head("/healthz")
    assert (response.status_code, response.content) == (200, b"")


def test_a_worker_that_takes_no_jobs_is_no_worker(stranger, all_up):
    Node.objects.filter(kind="worker").update(deaf_since=timezone.now())
    response = stranger.get("/healthz")
    assert response.status_code == 503
    assert response.json()["checks"]["worker"].startswith("No worker takes jobs, though one is")


@pytest.mark.parametrize("kind", ["worker", "beat"])
def test_a_process_that_has_fallen_silent_is_named(stranger, all_up, kind):
    Node.objects.filter(kind=kind).update(seen_at=timezone.now() - timedelta(minutes=1))
    response = stranger.get("/healthz")
    assert response.status_code == 503
    found = response.json()["checks"]
    assert f"celery -A config {kind}" in found.pop(kind)
    assert set(found.values()) == {"ok"}


def test_a_clock_that_is_off_is_a_warning_and_no_outage(stranger, all_up):
    Node.objects.filter(kind="worker").update(clock_ahead=7.2)
    response = stranger.get("/healthz")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    [warning] = response.json()["warnings"]
    assert "manage.py jobs workers" in warning


def test_garbage_is_a_warning_for_a_day_and_names_no_queue_to_strangers(stranger, all_up):
    now = timezone.now()
    Garbage.objects.create(queue="secret", number=3, last_at=now - timedelta(hours=23))
    response = stranger.get("/healthz")
    assert (response.status_code, response.json()["status"]) == (200, "ok")
    [warning] = response.json()["warnings"]
    assert "manage.py jobs garbage" in warning
    assert "secret" not in warning
    Garbage.objects.update(last_at=now - timedelta(hours=25))
    assert stranger.get("/healthz").json()["warnings"] == []


def test_without_a_database_there_are_no_warnings(stranger, monkeypatch):
    monkeypatch.setattr(health, "_seen", lambda now: None)
    response = stranger.get("/healthz")
    assert (response.status_code, response.json()["warnings"]) == (503, [])


def test_the_time_of_the_database_is_that_of_its_own_clock():
    before, theirs, after = timezone.now(), database_time(), timezone.now()
    assert theirs is None if connection.vendor == "sqlite" else before <= theirs <= after


def test_beat_may_be_silent_for_longer_than_a_worker(stranger, all_up, settings):
    Node.objects.update(seen_at=timezone.now() - timedelta(seconds=20))
    found = stranger.get("/healthz").json()["checks"]
    assert found["beat"] == "ok"
    assert found["worker"] != "ok"


def test_redis_that_is_down_is_named_in_a_sentence(stranger, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    response = stranger.get("/healthz")
    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert "REDIS_URL" in response.json()["checks"]["redis"]


def test_redis_that_hangs_is_not_waited_for(stranger, settings):
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        start = time.monotonic()
        response = stranger.get("/healthz")
        assert time.monotonic() - start < 20  # it would hang for ever
    assert response.status_code == 503


def test_a_url_that_is_none_is_redis_being_down(stranger, settings):
    settings.REDIS_URL = "nonsense"
    assert "REDIS_URL" in stranger.get("/healthz").json()["checks"]["redis"]
