"""A small website on loopback, to be indexed."""

import threading
import time
from contextlib import contextmanager, suppress
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.browser.photo import drawn

#: Views there are, and seconds that something far away keeps one waiting.
_HILLS = 12
_FAR_SECONDS = 25

_PAGE = """<!doctype html><html lang="ja"><head><meta charset="utf-8">
<title>Beekeeping in the village 養蜂の村</title></head><body>
<h1>Beekeeping in the village</h1>
<p>Every spring the keepers carry their hives up to the orchards above the river.</p>
<p>春になると、養蜂家は川の上の果樹園に巣箱を運びます。はちみつは秋に採れます。</p>
</body></html>"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path.startswith("/far/"):
            return self._trickle()
        if path.startswith("/hills/"):
            return self._answer(200, "image/jpeg", _hills(int(path[7:-4]) % _HILLS))
        if path == "/bees":
            return self._answer(200, "text/html; charset=utf-8", _PAGE.encode())
        return self._answer(404, "text/plain", b"not here")

    def _trickle(self):
        """A picture that comes too slowly for a while, and never whole."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        for _ in range(_FAR_SECONDS * 2):
            time.sleep(0.5)
            with suppress(OSError):
                self.wfile.write(bytes(1000))
        return

    def _answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@lru_cache
def _hills(number):
    """A view of the country, each a little different."""
    return drawn(900 if number % 3 else 600, 600)


@contextmanager
def village():
    """The website for the length of a with block; yields its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
