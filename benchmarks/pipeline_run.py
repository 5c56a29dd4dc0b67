"""One run of a chunk in a process of its own, as tests and measurements start it.

    python -m benchmarks.pipeline_run PICTURES BUCKET_URL --items 600 --bad 0.12 --form jpeg

Prints JSON: the counts by class, CPU and wall seconds, and how much memory the process held along
the way.
"""

import argparse
import json
import random
import re
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.stamps import stamp
from jobs.work.fetch import Policy
from jobs.work.images import Format
from jobs.work.pipeline import (
    ChunkPolicy,
    Flow,
    Item,
    Outcome,
    Recipe,
    S3Destination,
    compose,
    run_chunk,
)
from tests.servers.buckets import bucket
from tests.servers.photos import photo

#: What a bad URL leads to, and the classes that it may end in.
BAD = {
    "missing": ("not_found",),
    "error": ("server_error",),
    "slow": ("too_slow",),
    "silent": ("too_slow",),
    "endless": ("too_large",),
    "private": ("blocked",),
    "page": ("not_an_image",),
    "truncated": ("broken_image",),
    "bomb": ("oversized",),
}


def kind(number: int, bad: float) -> str:
    """What the URL of this number leads to; the same in every run."""
    dice = random.Random(number)
    return dice.choice(sorted(BAD)) if dice.random() < bad else "photo"


def items(url: str, count: int, bad: float, form: Format) -> Iterator[Item]:
    """The stream of a run."""
    for n in range(count):
        yield Item(n, f"{url}/{kind(n, bad)}/{n}", f"run/{n:06d}.{form.extension}")


def policy(**changes: object) -> ChunkPolicy:
    """Patient enough for a busy machine, and with loopback allowed, which is one host to us."""
    limits = Policy(
        max_bytes=8_000_000,
        total_seconds=8,
        low_speed_bytes=2_000,
        low_speed_seconds=4,
        allow_loopback=True,
    )
    known = {"fetch": limits, "downloads": 32, "per_host": 32, "tries": 2, "retry_seconds": 0.2}
    return ChunkPolicy(**{**known, **changes})  # type: ignore[arg-type]


class Watcher:
    """Takes what is told: classes, and the memory along the way."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.classes: Counter[str] = Counter()
        self.wrong: list[tuple[int, str]] = []
        self.numbers: set[int] = set()
        self.samples: dict[int, list[int]] = defaultdict(list)

    def tell(self, outcomes: Sequence[Outcome], flow: Flow) -> None:
        """Note what ended."""
        for outcome in outcomes:
            self.numbers.add(outcome.item.number)
            ended = str(outcome.failure or "done")
            self.classes[ended] += 1
            asked = outcome.item.url.split("/")[3]
            if ended not in BAD.get(asked, ("done",)):
                self.wrong.append((outcome.item.number, ended))
        share = 100 * (flow.done + flow.failed) // max(1, self.count)
        self.samples[min(95, share - share % 5)].append(resident())

    def megabytes(self) -> dict[int, float]:
        """The mean memory of each twentieth of the way, by the percentage that it ends at."""
        return {share + 5: statistics.fmean(found) for share, found in self.samples.items()}


def resident(field: str = "VmRSS") -> int:
    """Megabytes of this process in memory; "VmHWM" is the most that it ever had.

    Not from getrusage: that begins with what the process had that started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) * 1024 // 1_000_000  # type: ignore[index]


def main() -> None:
    """Run once and print what became of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures")
    parser.add_argument("bucket")
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--bad", type=float, default=0.0)
    parser.add_argument("--form", type=Format, default=Format.JPEG)
    options = parser.parse_args()
    recipe = Recipe(template=stamp(), format=options.form)
    compose(photo(0), recipe)  # libraries and the template are ready, as in a worker that lives
    watcher = Watcher(options.items)
    wall, cpu = time.monotonic(), time.process_time()
    flow = run_chunk(
        items(options.pictures, options.items, options.bad, options.form),
        recipe,
        S3Destination(bucket(options.bucket)),
        policy(),
        stop=lambda: False,
        tell=watcher.tell,
    )
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu,
                "wall": time.monotonic() - wall,
                "done": flow.done,
                "failed": flow.failed,
                "told": len(watcher.numbers),
                "classes": watcher.classes,
                "wrong": watcher.wrong,
                "megabytes": watcher.megabytes(),
                "peak": resident("VmHWM"),
                "threads": [thread.name for thread in threading.enumerate()],
            }
        )
    )


if __name__ == "__main__":
    main()
