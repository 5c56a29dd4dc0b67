"""A TCP proxy that can go silent: it takes connections and bytes, and answers nothing."""

import contextlib
import select
import socket
import threading

from scripts import ports


class Proxy:
    """Stands at an address of its own and passes on to `port`.

    A connection that was open during a silence stays silent for ever, as one whose other end has
    gone without a word; new ones work again after `heal`.
    """

    def __init__(self, port):
        self._target = port
        self.port = ports.spare()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._silent = threading.Event()
        self._closed = threading.Event()
        self._listener = None
        self._open = []

    def start(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def silence(self):
        """Answer nobody any more."""
        self._silent.set()

    def refuse(self):
        """Close everything, and the port."""
        listener, self._listener = self._listener, None
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def heal(self):
        """Work again, for new connections."""
        self._silent.clear()
        if self._listener is None:
            self.start()

    def close(self):
        self._closed.set()
        if self._listener is not None:
            self.refuse()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        self._open.append(client)
        with client, contextlib.suppress(OSError):
            if self._silent.is_set():
                self._closed.wait()
                return
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                self._open.append(server)
                self._pass_on(client, server)

    def _pass_on(self, client, server):
        while True:
            readable, _, _ = select.select([client, server], [], [], 0.1)
            if self._silent.is_set():
                self._closed.wait()
                return
            for source in readable:
                data = source.recv(65536)
                if not data:
                    return
                (server if source is client else client).sendall(data)
