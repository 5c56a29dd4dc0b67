"""Servers that misbehave on purpose, on loopback only. Every loop ends by itself or in `stop`."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Handler = Callable[["Conversation"], None]
LONGEST_SECONDS = 8.0


class Conversation:
    """One connection: the request as text, and ways to answer."""

    def __init__(self, peer: socket.socket, stopped: threading.Event) -> None:
        self.peer = peer
        self.stopped = stopped
        self.request = ""

    def read_request(self) -> None:
        received = b""
        # What is no GET (a TLS greeting) is answered at once.
        while b"\r\n\r\n" not in received and received[:1] in (b"", b"G"):
            piece = self.peer.recv(65_536)
            if not piece:
                break
            received += piece
        self.request = received.decode("latin-1")

    @property
    def path(self) -> str:
        return self.request.split(" ")[1]

    def header(self, name: str) -> str | None:
        for line in self.request.split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    def send(self, data: bytes) -> None:
        self.peer.sendall(data)

    def answer(
        self, status: int = 200, *, body: bytes = b"", headers: tuple[str, ...] = ()
    ) -> None:
        # Each connection has one answer: who shares connections must not begin another request.
        head = (f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close")
        lines = (*head, *headers, "", "")
        self.send("\r\n".join(lines).encode("utf-8") + body)

    def wait(self, seconds: float = LONGEST_SECONDS) -> None:
        self.stopped.wait(seconds)


class Server:
    """Accepts in one thread and talks in one thread per connection; counts the connections."""

    def __init__(self, handler: Handler, host: str, tls: ssl.SSLContext | None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.listener.settimeout(0.02)
        self.port: int = self.listener.getsockname()[1]
        self.host = f"[{host}]" if ":" in host else host
        self.handler = handler
        self.tls = tls
        self.stopped = threading.Event()
        self.requests: list[str] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def url(self, path: str = "/") -> str:
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}{path}"

    def stop(self) -> None:
        self.stopped.set()
        for thread in self.threads:
            thread.join(LONGEST_SECONDS)
        self.listener.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            with suppress(TimeoutError):
                peer, _ = self.listener.accept()
                thread = threading.Thread(target=self._talk, args=(peer,))
                self.threads.append(thread)
                thread.start()

    def _talk(self, peer: socket.socket) -> None:
        peer.settimeout(LONGEST_SECONDS)
        # The client may hang up whenever it likes: that is what most of these tests are about.
        with suppress(OSError), peer:
            secured = self.tls.wrap_socket(peer, server_side=True) if self.tls else peer
            with secured:
                conversation = Conversation(secured, self.stopped)
                conversation.read_request()
                self.requests.append(conversation.request)
                self.handler(conversation)


@contextmanager
def serving(
    handler: Handler, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    server = Server(handler, host, tls)
    try:
        yield server
    finally:
        server.stop()


def self_signed(folder: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server context and the certificate file that a client must trust to accept it."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN={name} -addext subjectAltName=DNS:{name} -keyout {key} -out {certificate}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate


def drip(conversation: Conversation, head: bytes, piece: bytes, every: float = 0.3) -> None:
    """Send `head`, then `piece` again and again, slowly."""
    conversation.send(head)
    for _ in range(int(LONGEST_SECONDS / every)):
        if conversation.stopped.wait(every):
            return
        conversation.send(piece)


def flood(conversation: Conversation, head: bytes, piece: bytes, times: int = 20_000) -> None:
    """Send `head`, then `piece` as fast as the client takes it."""
    conversation.send(head)
    for _ in range(times):
        if conversation.stopped.is_set():
            return
        conversation.send(piece)
