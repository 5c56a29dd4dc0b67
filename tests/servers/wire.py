"""Just enough HTTP for the servers of this folder: one handler, keep-alive, a note of the port.

Each server is a process of its own, so that its time and memory are not the measured program's.
"""

import argparse
import asyncio
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.lifeline import tied

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@dataclass(frozen=True)
class Asked:
    """A request with its body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Write = Callable[[bytes], Awaitable[None]]
#: Answers a request; returns whether the connection may be used again.
Answer = Callable[[Asked, Write], Awaitable[bool]]


def reply(status: int, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A whole answer."""
    size = len(body) if length is None else length
    lines = (f"HTTP/1.1 {status} X", f"Content-Length: {size}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


async def read_request(reader: asyncio.StreamReader) -> Asked:
    """Read one request. Raises IncompleteReadError at the end of the connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)


async def serve(answer: Answer, note: Path) -> None:
    """Serve on a port of the system's choice, which is written to `note`, until killed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await answer(await read_request(reader), write):
                pass
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=512)
    part = note.with_suffix(".part")
    part.write_text(str(server.sockets[0].getsockname()[1]))
    part.rename(note)
    await server.serve_forever()


def arguments() -> argparse.ArgumentParser:
    """The options that every server here has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("note", type=Path, help="where the port is written")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    return parser


@contextmanager
def started(module: str, *options: str) -> Iterator[str]:
    """Run a server module of this folder in a process; its address."""
    with TemporaryDirectory(prefix="hachi-server-") as folder:
        note = Path(folder) / "port"
        command = [sys.executable, "-m", f"tests.servers.{module}", str(note), *options]
        process = subprocess.Popen(tied(command), cwd=ROOT)
        try:
            yield f"http://127.0.0.1:{_noted(note, process)}"
        finally:
            process.terminate()
            process.wait()


def _noted(note: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while not note.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start: {process.args}")
        time.sleep(0.02)
    return note.read_text()


def answers(url: str, method: str = "GET") -> int:
    """The status that a URL answers with; 0 if nobody does."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
