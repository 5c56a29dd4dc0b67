import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobs.models import Job, Page
from jobs.tasks.pages import LONGEST_RETRY_SECONDS, BadUrl, _pause, index_url, submit_index
from jobs.work.fetch import FailureClass, FetchError
from jobs.work.pages import BadPage

pytestmark = pytest.mark.django_db

PAGE = b"<html lang=en><title>Hello</title><body><p>Some text <a href=/next>next</a></body>"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers, body = {
            "/page": (200, {"Content-Type": "text/html"}, PAGE),
            "/moved": (302, {"Location": "/page"}, b""),
            "/pdf": (200, {"Content-Type": "application/pdf"}, b"%PDF-1.7"),
            "/busy": (503, {"Retry-After": "30"}, b""),
        }.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def loopback(settings):
    settings.HACHI_FETCH_ALLOW_LOOPBACK = True


def test_a_page_is_fetched_and_kept(site):
    answer = index_url(f"{site}/page#part")
    page = Page.objects.get()
    assert answer == {
        "page": page.pk,
        "url": f"{site}/page",
        "title": "Hello",
        "links": 1,
        "bytes": len(PAGE),
    }
    assert "Some text" in page.text
    assert page.links == [{"url": f"{site}/next", "text": "next"}]


def test_running_twice_keeps_one_page(site):
    assert index_url(f"{site}/page") == index_url(f"{site}/page")
    assert Page.objects.count() == 1


def test_a_page_that_has_moved_is_known_by_the_url_that_was_asked_for(site):
    index_url(f"{site}/moved")
    page = Page.objects.get()
    assert (page.url, page.final_url) == (f"{site}/moved", f"{site}/page")


@pytest.mark.parametrize("path", ["/missing", "/pdf"])
def test_what_will_not_change_fails_for_good(site, path):
    with pytest.raises((FetchError, BadPage)) as caught:
        index_url(site + path)
    assert not getattr(caught.value, "retryable", False)
    assert not Page.objects.exists()


def test_a_server_that_is_busy_is_worth_another_try(site):
    with pytest.raises(FetchError) as caught:  # what a retry raises outside of a worker
        index_url(f"{site}/busy")
    assert caught.value.retryable
    assert 30 <= _pause(caught.value, 0) <= 35


def test_loopback_is_closed_unless_it_was_opened(site, settings):
    settings.HACHI_FETCH_ALLOW_LOOPBACK = False
    with pytest.raises(FetchError) as caught:
        index_url(f"{site}/page")
    assert not caught.value.retryable


def test_pauses_double_and_have_an_end():
    error = FetchError(FailureClass.TIMEOUT, "late")
    for retries in range(20):
        longest = min(LONGEST_RETRY_SECONDS, 5 * 2**retries)
        assert longest / 2 <= _pause(error, retries) <= longest


def test_a_server_does_not_decide_how_long_it_is_waited_for():
    error = FetchError(FailureClass.HTTP_STATUS, "busy", status=429, retry_after=1e9)
    assert _pause(error, 0) <= 3_605


def test_a_job_is_submitted_for_a_url():
    job = Job.objects.get(pk=submit_index("https://example.com/", by="ann"))
    assert (job.task, job.requested_by, job.max_attempts) == ("jobs.index_url", "ann", 6)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://a.example/", "http://a.example:22/x"])
def test_a_bad_url_is_refused_at_submit(url, settings):
    settings.HACHI_FETCH_ALLOW_LOOPBACK = False
    with pytest.raises(BadUrl):
        submit_index(url, by="ann")
    assert not Job.objects.exists()
