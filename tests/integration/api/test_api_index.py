import json
import socket

import pytest

from jobs.models import Job
from tests.unit.jobs.work.servers import serving

pytestmark = pytest.mark.django_db


def post(program, data):
    return program.post("/index", json.dumps(data), content_type="application/json")


def test_a_url_becomes_a_job_at_once(program, monkeypatch):
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **named: asked.append(host))
    response = post(program, {"url": "https://does-not-exist.example/page"})
    assert asked == []
    assert response.status_code == 202
    assert response.json().keys() == {"id", "state", "url"}
    job = Job.objects.get(pk=response.json()["id"])
    assert (job.task, job.requested_by) == ("jobs.index_url", "token:ci")
    assert "does-not-exist.example" in job.message


def test_a_url_is_not_fetched_where_it_is_accepted(program, settings):
    settings.HACHI_FETCH_ALLOW_LOOPBACK = True
    with serving(lambda talk: talk.answer()) as server:
        assert post(program, {"url": server.url("/page")}).status_code == 202
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http://user:secret@example.com/",
        "http://example.com:22/",
        "http://exa mple.com/",
        "http://example.com/\ud800",
        "https://example.com/" + "x" * 2_000,
        "https://example.com/" + "x" * 9_000,
    ],
)
def test_a_url_that_cannot_be_fetched_is_refused_at_once(program, url):
    response = post(program, {"url": url})
    assert response.status_code == 400
    assert response.json()["error"]["argument"] == "url"
    assert not Job.objects.exists()


@pytest.mark.parametrize("url", [None, 7, ["https://example.com/"], True])
def test_a_url_is_a_text(program, url):
    assert post(program, {"url": url}).json()["error"]["code"] == "invalid_value"


def test_an_unknown_key_is_refused_by_name(program):
    response = post(program, {"url": "https://example.com/", "depth": 3})
    assert response.status_code == 400
    assert response.json()["error"]["argument"] == "depth"
