"""The image pipeline, measured: CPU beside a straightforward program, overlap, memory.

    python -m benchmarks.pipeline [--items 10000] [--only cpu|overlap|memory]

All servers are processes on loopback that this starts. CPU seconds are those of the measured
process alone; only ratios travel to other machines.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import pipeline_targets as targets
from benchmarks.pipeline_run import policy
from benchmarks.stamps import stamp
from jobs.work.fetch import Fetched, Fetcher
from jobs.work.images import Format
from jobs.work.pipeline import Bucket, ChunkPolicy, Item, Recipe, S3Destination, compose, run_chunk
from tests.servers.buckets import NAME, sink
from tests.servers.photos import KINDS, photo
from tests.servers.pictures import picture_server

ROOT = Path(__file__).resolve().parent.parent
LATENCY = 0.1
#: How many pictures each program gets, by format: about as many CPU seconds.
COUNTS = {Format.JPEG: 100, Format.PNG: 15}
ROUNDS = 3
#: How far a run is when its memory is looked at, in per cent.
QUARTERS = ("25", "50", "75", "100")


def run(pictures: str, place: Bucket, *options: str) -> dict[str, Any]:
    """A run in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.pipeline_run", pictures, place.endpoint, *options]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def straightforward(pictures: str, place: Bucket, form: Format, count: int) -> float:
    """CPU seconds of the straightforward program."""
    target = f"{place.endpoint}/{NAME}"
    command = ["-m", "benchmarks.straightforward", pictures, target, str(form), str(count)]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def cpu_ratios(rounds: int = ROUNDS) -> dict[Format, float]:
    """How many times as many pictures a CPU second makes, by format; the median of rounds."""
    ratios = {}
    with picture_server() as pictures, sink() as place:
        for form, count in COUNTS.items():
            found = []
            for _ in range(rounds):
                other = straightforward(pictures, place, form, count) / count
                ours = run(pictures, place, "--items", str(count), "--form", str(form))
                mine = ours["cpu"] / count
                found.append(other / mine)
                print(
                    f"{form}: straightforward {other * 1000:.1f} ms, {1 / other:.1f}/CPU s; "
                    f"pipeline {mine * 1000:.1f} ms, {1 / mine:.1f}/CPU s; {other / mine:.2f}x"
                )
            ratios[form] = statistics.median(found)
    return ratios


def overlap(count: int = 160, latency: float = LATENCY, **changes: object) -> float:
    """The wall time of all stages side by side, by that of the slowest alone."""
    limits = policy(**changes)
    form = Format.JPEG
    recipe = Recipe(template=stamp(), format=form)
    data = [photo(number) for number in range(KINDS)]
    made = [compose(one, recipe).data for one in data]
    with picture_server(latency) as pictures, sink(latency) as place:
        stages = {
            "download": _timed(lambda: _download_all(pictures, limits, count)),
            "compose": _timed(lambda: [compose(data[n % KINDS], recipe) for n in range(count)]),
            "upload": _timed(lambda: _upload_all(place, made, limits, count)),
            "all": _timed(lambda: _run_all(pictures, place, recipe, limits, count)),
        }
    print(f"{count} pictures, {latency * 1000:.0f} ms latency: ", end="")
    print(", ".join(f"{name} {seconds:.2f} s" for name, seconds in stages.items()))
    together = stages.pop("all")
    print(f"side by side / slowest alone: {together / max(stages.values()):.2f}")
    print(f"side by side / one after the other: {together / sum(stages.values()):.2f}")
    return together / max(stages.values())


def _timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _download_all(pictures: str, limits: ChunkPolicy, count: int) -> None:
    fetcher = Fetcher(limits.fetch)
    begun = ended = 0
    while ended < count:
        while begun < count and len(fetcher) < limits.downloads:
            fetcher.start(begun, f"{pictures}/photo/{begun}")
            begun += 1
        for _, end in fetcher.poll(1):
            assert isinstance(end, Fetched), end
            ended += 1
    fetcher.close()


def _upload_all(place: Bucket, made: list[bytes], limits: ChunkPolicy, count: int) -> None:
    destination = S3Destination(place)
    with ThreadPoolExecutor(limits.upload_threads) as pool:
        for stored in [
            pool.submit(destination.put, f"alone/{n}", made[n % KINDS], "image/jpeg")
            for n in range(count)
        ]:
            stored.result()
    destination.close()


def _run_all(pictures: str, place: Bucket, recipe: Recipe, limits: ChunkPolicy, count: int) -> None:
    flow = run_chunk(
        (Item(n, f"{pictures}/photo/{n}", f"all/{n}.jpg") for n in range(count)),
        recipe,
        S3Destination(place),
        limits,
        stop=lambda: False,
        tell=lambda outcomes, flow: None,
    )
    assert flow.done == count


def memory(count: int, bad: float = 0.12, form: Format = Format.JPEG) -> dict[str, Any]:
    """A long run with bad URLs among the good: classes, and memory along the way."""
    with picture_server() as pictures, sink() as place:
        options = ("--items", str(count), "--bad", str(bad), "--form", str(form))
        result = run(pictures, place, *options)
    quarters = {share: round(result["megabytes"][share]) for share in QUARTERS}
    print(f"{count} items, {bad:.0%} bad, {form}: {result['done']} done, {result['failed']} failed")
    print(f"classes: {result['classes']}; in a wrong class: {result['wrong'] or 'none'}")
    print(f"megabytes at %: {quarters}, peak {result['peak']}")
    print(f"{result['wall']:.0f} s, {result['cpu']:.0f} CPU s")
    return result


def main() -> None:
    """Measure, print, and say which targets were reached."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000, help="of the run that tells memory")
    parser.add_argument("--only", choices=("cpu", "overlap", "memory"))
    options = parser.parse_args()
    lines: list[str] = []
    if options.only in (None, "cpu"):
        lines += targets.of_cpu(cpu_ratios())
    if options.only in (None, "overlap"):
        lines += targets.of_overlap(overlap())
    if options.only in (None, "memory"):
        result = memory(options.items)
        quarters = {share: result["megabytes"][share] for share in QUARTERS}
        lines += targets.of_memory(quarters, result["peak"], len(result["wrong"]))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
