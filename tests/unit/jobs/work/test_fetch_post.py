"""POST to a webhook, by the rules of a download."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from jobs.work.fetch import FailureClass, FetchError, Policy
from jobs.work.fetch.post import post_json

LOOPBACK = Policy(allow_loopback=True, total_seconds=5)


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        status = int(self.path.strip("/"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def hook():
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_json_text_is_posted(hook):
    assert post_json(f"{hook.url}/204", '{"schedule": "毎時"}', LOOPBACK) == 204
    assert hook.got == [("/204", "application/json", {"schedule": "毎時"})]


@pytest.mark.parametrize(("status", "again"), [(302, False), (404, False), (503, True)])
def test_what_is_no_success_is_an_error_and_redirects_are_not_followed(hook, status, again):
    with pytest.raises(FetchError) as caught:
        post_json(f"{hook.url}/{status}", "{}", LOOPBACK)
    assert (caught.value.status, caught.value.retryable) == (status, again)
    assert len(hook.got) == 1


def test_our_own_network_is_out_of_reach(hook):
    with pytest.raises(FetchError) as caught:
        post_json(f"http://127.0.0.1:{hook.server_port}/200", "{}", Policy())
    assert caught.value.reason is FailureClass.BAD_URL  # the port, to begin with
    with pytest.raises(FetchError) as caught:
        anywhere = Policy(ports=frozenset({hook.server_port}))
        post_json(f"{hook.url}/200", "{}", anywhere)
    assert caught.value.reason is FailureClass.BLOCKED_ADDRESS
    assert hook.got == []
