"""Where alerts arrive: a mail server and a web server on loopback that keep what they get."""

import contextlib
import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Smtp(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand over a message."""

    def handle(self):
        self._say("220 sink")
        while line := self.rfile.readline().strip():
            match line[:4].upper():
                case b"QUIT":
                    return self._say("221 bye")
                case b"DATA":
                    self._say("354 go on")
                    self.server.kept.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                    self._say("250 kept")
                case _:
                    self._say("250 fine")
        return None

    def _say(self, line):
        self.wfile.write(f"{line}\r\n".encode())


class _Web(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.kept.append((self.path, json.loads(self.rfile.read(length))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextlib.contextmanager
def _open(server):
    server.kept = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def mail():
    """A mail server; `kept` has the messages as text, `server_address` where it is."""
    return _open(_MailServer(("127.0.0.1", 0), _Smtp))


def web():
    """A web server; `kept` has the path and the JSON of each POST."""
    return _open(ThreadingHTTPServer(("127.0.0.1", 0), _Web))
