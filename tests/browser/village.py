"""A small website on loopback, to be indexed."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PAGE = """<!doctype html><html lang="ja"><head><meta charset="utf-8">
<title>Beekeeping in the village 養蜂の村</title></head><body>
<h1>Beekeeping in the village</h1>
<p>Every spring the keepers carry their hives up to the orchards above the river.</p>
<p>春になると、養蜂家は川の上の果樹園に巣箱を運びます。はちみつは秋に採れます。</p>
</body></html>"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path.partition("?")[0] == "/bees"
        body = _PAGE.encode() if found else b"not here"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


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
