"""Ten thousand addresses through a pipeline with real workers: outcomes, pace, memory.

    python -m benchmarks.endurance [--urls 10000] [--bad 12] [--children 2] [--database sqlite]
    python -m benchmarks.endurance --urls 1000 --cancel 30     cancel it at 30 %

The pictures come from a server on loopback that misbehaves on purpose, and go to an S3 server that
takes and forgets; both are processes of their own. Printed are the resident memory of the worker
and of each of its children when a quarter, half, three quarters and all of it had ended, and the
most that was seen. Every item must end in a class, and no name may be missing or double.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django

from benchmarks.surroundings import surroundings, worker
from tests.servers.buckets import sink
from tests.servers.pictures import picture_server

#: Of the bad ones, in turn.
BAD = ("missing", "missing", "error", "slow", "silent", "endless", "private", "page", "truncated")
BAD += ("bomb", "missing", "private")
QUARTERS = (25, 50, 75, 100)
LOOK_SECONDS = 0.25
#: The memory at a quarter is the median over so many parts in a hundred before it: a moment says
#: what is in the buffers just then, and whether a chunk has just begun.
BAND = 15
#: One look for each such part, so that a minute in which nothing ends weighs no more than a second.
STEP = 0.25


def addresses(server: str, number: int, bad: int) -> list[str]:
    """Photos, and so many in a hundred of another kind, well mixed."""
    dice = random.Random(8)
    urls = [f"{server}/photo/{n}.jpg" for n in range(number)]
    for n in dice.sample(range(number), number * bad // 100):
        urls[n] = f"{server}/{BAD[n % len(BAD)]}/{n}"
    return urls


class Memory:
    """Resident megabytes of a process and its children, looked at now and then."""

    def __init__(self, parent: int) -> None:
        self.parent = parent
        self.peak: dict[int, float] = defaultdict(float)

    def look(self) -> dict[int, float]:
        found = {}
        for pid in (self.parent, *_children(self.parent)):
            status = _status(pid)
            if "VmRSS" in status:
                found[pid] = int(status["VmRSS"].split()[0]) / 1024
                self.peak[pid] = max(self.peak[pid], int(status["VmHWM"].split()[0]) / 1024)
        return found


def run(options: argparse.Namespace, environment: dict[str, str]) -> None:
    """Start the worker and the pipeline, and watch."""
    os.environ.update(environment)  # noqa: TID251 - for the Django of this process
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")  # noqa: TID251
    django.setup()
    from benchmarks.endurance_run import begun, cancelled, ended, progress  # noqa: PLC0415 - needs settings

    log = Path(environment["VAR_DIR"]).parent / "worker.log"
    arguments = ("-c", str(options.children), "-n", "w@%h", "--without-gossip")
    urls = addresses(options.server, options.urls, options.bad)
    with worker("config", arguments, environment, log):
        memory = Memory(_celery())
        started = time.monotonic()
        pipeline = begun(urls)
        print(f"{len(urls):,} addresses written in {time.monotonic() - started:.1f} s", flush=True)
        at: dict[int, dict[int, float]] = {}
        lately: deque[tuple[float, dict[int, float]]] = deque()
        while True:
            now = progress(pipeline)
            percent = 100 * now.ended / now.total
            if not lately or percent - lately[-1][0] >= STEP:
                lately.append((percent, memory.look()))
            while lately[0][0] < lately[-1][0] - BAND:
                lately.popleft()
            seen = _medians(look for _, look in lately)
            for quarter in QUARTERS:
                if quarter not in at and now.ended * 100 >= quarter * now.total:
                    at[quarter] = seen
                    spent = time.monotonic() - started
                    print(f"{quarter:>4} % after {spent:6.1f} s: {_megabytes(seen)}", flush=True)
            if options.cancel is not None and now.ended * 100 >= options.cancel * now.total:
                print(f"cancelled: no chunk runs any more after {cancelled(pipeline):.1f} s")
                options.cancel = None
            if ended(pipeline):
                break
            time.sleep(LOOK_SECONDS)
        seconds = time.monotonic() - started
        cpu = sum(_cpu(pid) for pid in (memory.parent, *_children(memory.parent)))
    _print(pipeline, at, memory, seconds, cpu)


def _print(
    pipeline: Any, at: dict[int, dict[int, float]], memory: Memory, seconds: float, cpu: float
) -> None:
    from benchmarks.endurance_run import verdict  # noqa: PLC0415 - needs settings

    print(f"\n{verdict(pipeline)}")
    done = max(1, _done(pipeline))
    print(f"{seconds:.0f} s, {done / seconds:.1f} pictures a second, {done / cpu:.1f} a CPU second")
    for pid, peak in memory.peak.items():
        marks = [at[quarter].get(pid) for quarter in QUARTERS if quarter in at]
        seen = [mark for mark in marks if mark]
        spread = 100 * (max(seen) - min(seen)) / min(seen) if seen else 0.0
        name = "worker" if pid == memory.parent else "child"
        figures = " ".join(f"{mark:4.0f}" if mark else "   -" for mark in marks)
        print(
            f"{name} {pid}: MB at 25, 50, 75, 100 %: {figures}, "
            f"within {spread:.0f} %, peak {peak:.0f}"
        )


def _medians(lately: Iterable[dict[int, float]]) -> dict[int, float]:
    """Of each process, over the last looks: one alone says what is in its buffers just then."""
    by_pid: dict[int, list[float]] = defaultdict(list)
    for seen in lately:
        for pid, megabytes in seen.items():
            by_pid[pid].append(megabytes)
    return {pid: statistics.median(found) for pid, found in by_pid.items()}


def _done(pipeline: Any) -> int:
    from benchmarks.endurance_run import progress  # noqa: PLC0415 - needs settings

    return int(progress(pipeline).done)


def _celery() -> int:
    """The worker's own process: the child of this one that has children which run celery."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pid in _descendants(os.getpid()):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"celery" in command and b"worker" in command and len(_children(pid)) >= 2:
                return pid
        time.sleep(0.2)
    raise TimeoutError("The worker did not start.")


def _descendants(pid: int) -> list[int]:
    found = []
    for child in _children(pid):
        found += [child, *_descendants(child)]
    return found


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _cpu(pid: int) -> float:
    """Seconds of user and system time so far, ended children included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _megabytes(seen: dict[int, float]) -> str:
    return ", ".join(f"{pid}: {megabytes:.0f} MB" for pid, megabytes in seen.items())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description=__doc__)
    parser.add_argument("--urls", type=int, default=10_000)
    parser.add_argument("--bad", type=int, default=12, help="in a hundred")
    parser.add_argument("--children", type=int, default=2)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--cancel", type=int, help="cancel when so many in a hundred have ended")
    parser.add_argument("--latency", type=float, default=0.02, help="seconds, of both servers")
    options = parser.parse_args()
    with ExitStack() as stack:
        environment = stack.enter_context(surroundings(options.database))
        options.server = stack.enter_context(picture_server(options.latency))
        bucket = stack.enter_context(sink(options.latency))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hachi-bench-media-"))
        environment |= {
            "MEDIA_ROOT": folder,
            "FETCH_ALLOW_LOOPBACK": "true",
            # All addresses are of one host here, which stands for many.
            "PIPELINE_HOST_CONCURRENCY": "64",
            "PIPELINE_S3_BUCKET": bucket.bucket,
            "PIPELINE_S3_ENDPOINT": bucket.endpoint,
            "PIPELINE_S3_KEY": bucket.key,
            "PIPELINE_S3_SECRET": bucket.secret,
        }
        run(options, environment)


if __name__ == "__main__":
    main()
