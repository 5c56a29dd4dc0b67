"""A PostgreSQL that a test may stop, kill and start again, in place of the leg's own."""

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command
from django.db import connection

from scripts import ports, postgres_server


class PostgresServer:
    """A server of its own, at one address for all its lives."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="hachi-outage-")
        self.folder = Path(self._folder.name)
        self._user = postgres_server._server_user()
        self._programs = postgres_server._reachable(postgres_server.find(), self.folder, self._user)
        if self._user:
            shutil.chown(self.folder, self._user, postgres_server._group(self._user))
        self.port = ports.spare()
        postgres_server._initialise(self._programs, self.folder, self._user, "secret")
        self.url = f"postgresql://{postgres_server.NAME}:secret@127.0.0.1:{self.port}/postgres"
        self._process = None

    def start(self):
        self._process = postgres_server._start(self._programs, self.folder, self._user, self.port)
        postgres_server._wait(self._process, self.url, self.folder)

    def stop(self):
        """Fast: sessions are ended, what is committed is on the disk."""
        self._end(signal.SIGINT)

    def kill(self):
        """kill -9 of every process of it: the next start has to recover."""
        self._end(signal.SIGKILL)

    def _end(self, number):
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)
        self._process.wait(30)
        self._process = None

    def close(self):
        self.kill()
        self._folder.cleanup()

    def query(self, sql):
        """The first value that `sql` answers, by a connection of its own."""
        with psycopg.connect(self.url, connect_timeout=2) as own:
            return own.execute(sql).fetchone()[0]


@contextlib.contextmanager
def in_place_of_the_legs(server):
    """Django's connection in this process leads to `server` for the length of a with block."""
    address = urlsplit(server.url)
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        HOST=address.hostname,
        PORT=address.port,
        USER=address.username,
        PASSWORD=address.password,
        NAME=address.path.strip("/"),
    )
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(kept)


def migrate():
    call_command("migrate", interactive=False, verbosity=0)


def flush():
    call_command("flush", interactive=False, verbosity=0)
