"""Renders each hostile picture in a child with a hard deadline, and prints what became of it.

Run as a script: the parent never evaluates a pixel, so it may fork, and a decoder that hangs or
eats memory takes only its child along.
"""

import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable

from jobs.work.images import DEFAULT_SIZE, BadImage, Size, limit_process, render
from tests.unit.jobs.work.image_corpus import HOSTILE, PLANTED

SIZES = (DEFAULT_SIZE, Size(64, 64))


def attempt(data: bytes) -> str:
    try:
        made = render(data, SIZES)
    except BadImage as error:
        return error.reason
    if any(PLANTED in rendition.data for rendition in made):
        return "leaked"
    fits = all(r.width <= r.size.width and r.height <= r.size.height for r in made)
    return "picture" if fits and len(made) == len(SIZES) else "wrong"


def in_child(
    attempt: Callable[[bytes], str], data: bytes, seconds: int, memory_bytes: int
) -> dict[str, object]:
    """Fork, attempt it, and report the outcome with the seconds and megabytes that it took."""
    read, write = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        limit_process(memory_bytes)
        os.write(write, attempt(data).encode())
        os._exit(0)
    os.close(write)
    _, status, usage = os.wait4(child, 0)
    with os.fdopen(read) as answer:
        ended = answer.read() or f"died: {status}"
    return {
        "ends": ended,
        "seconds": round(time.monotonic() - started, 2),
        "megabytes": usage.ru_maxrss // 1024,
    }


def trial(attempt: Callable[[bytes], str], seconds: int, memory_bytes: int) -> dict[str, object]:
    """Attempt all of them; what became of each, by name."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return {
        name: in_child(attempt, hostile.build(), seconds, memory_bytes)
        for name, hostile in HOSTILE.items()
    }


if __name__ == "__main__":
    json.dump(trial(attempt, int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
