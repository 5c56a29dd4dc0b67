"""Two S3 servers: moto's, which knows the whole protocol, and one that only takes and forgets.

The second keeps a digest of each object, so that ten thousand pictures fit; it is quick, slow or
broken as it is told:

    PUT /-/status/503    every request is answered so, until PUT /-/status/200
    GET /-/puts          a line for each name: how often it was put, and how many contents it had
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.work.pipeline.s3 import Bucket
from scripts import ports
from scripts.lifeline import tied
from tests.servers.wire import (
    START_SECONDS,
    Asked,
    Write,
    answers,
    arguments,
    reply,
    serve,
    started,
)

NAME = "pictures"


class Sink:
    """Takes objects, remembers their size and digest, and nothing else."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.status = 200
        self.held: dict[str, tuple[int, str]] = {}
        self.puts: dict[str, list[str]] = {}

    async def answer(self, asked: Asked, write: Write) -> bool:
        if asked.path.startswith("/-/status/"):
            self.status = int(asked.path.rsplit("/", 1)[1])
            await write(reply(200))
            return True
        if asked.path == "/-/puts":
            lines = (f"{n} {len(d)} {len(set(d))}" for n, d in self.puts.items())
            await write(reply(200, "\n".join(lines).encode()))
            return True
        await asyncio.sleep(self.latency)
        await write(self._answered(asked))
        return True

    def _answered(self, asked: Asked) -> bytes:
        if self.status != 200:
            return reply(self.status)
        if asked.method == "PUT":
            digest = hashlib.md5(asked.body).hexdigest()
            self.held[asked.path] = (len(asked.body), digest)
            self.puts.setdefault(asked.path, []).append(digest)
            return reply(200, b"", f'ETag: "{digest}"')
        if asked.method == "DELETE":
            self.held.pop(asked.path, None)
            return reply(204)
        if asked.path not in self.held:
            return reply(404)
        size, digest = self.held[asked.path]
        moment = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT"
        return reply(200, b"", f'ETag: "{digest}"', moment, length=size)


@contextmanager
def sink(latency: float = 0.0) -> Iterator[Bucket]:
    """The server that forgets, in a process of its own."""
    with started("buckets", "--latency", str(latency)) as url:
        yield bucket(url)


def set_status(place: Bucket, status: int) -> None:
    """Tell the server that forgets how to answer from now on."""
    assert answers(f"{place.endpoint}/-/status/{status}", "PUT") == 200


def puts(place: Bucket) -> dict[str, tuple[int, int]]:
    """By name: how often it was put, and how many different contents that were."""
    with urllib.request.urlopen(f"{place.endpoint}/-/puts", timeout=10) as got:
        lines = got.read().decode().splitlines()
    names = (line.split() for line in lines)
    return {
        name.removeprefix(f"/{place.bucket}/"): (int(times), int(contents))
        for name, times, contents in names
        if "/hachi-check-" not in name
    }


def bucket(endpoint: str, **changes: object) -> Bucket:
    """The bucket of tests at this address."""
    known = {"bucket": NAME, "key": "key", "secret": "secret", "endpoint": endpoint}
    return Bucket(**{**known, "total_seconds": 20, "retries": 1, **changes})


@contextmanager
def moto() -> Iterator[Bucket]:
    """moto's server with an empty bucket, in a process of its own."""
    port = ports.spare()
    # Large objects go to the disk at once instead of staying in memory.
    environment = dict(os.environ) | {"MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": "1"}  # noqa: TID251
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    process = subprocess.Popen(
        tied(command), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while answers(f"{url}/{NAME}", "PUT") != 200:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("moto's server did not start.")
            time.sleep(0.1)
        yield bucket(url)
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    options = arguments().parse_args()
    asyncio.run(serve(Sink(options.latency).answer, options.note))
