"""One round of one system: submit, drain, wait, weigh."""

import contextlib
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.apps import APPS
from benchmarks.memory import proportional_megabytes
from benchmarks.surroundings import run, surroundings, wait_for, worker


@dataclass(frozen=True)
class System:
    """Something that runs jobs."""

    name: str
    kind: str  # a key of APPS
    database: str | None
    pool: tuple[str, ...]
    workers: int = 1


@dataclass(frozen=True)
class Figures:
    """What one round has measured."""

    #: Jobs per second; a drain lasts from its first job to its last row.
    submit: float
    bulk: float
    drain: float
    #: Milliseconds from the submit to the start in an idle worker.
    latency_p50: float
    latency_p99: float
    #: Megabytes of all idle workers.
    memory: float


def measure(system: System, jobs: int) -> Figures:
    """Submit `jobs` (a fifth one by one, the rest in bulk), drain them, then look at the idle."""
    folder = Path(tempfile.mkdtemp(prefix="hachi-bench-marks-"))
    try:
        with surroundings(system.database) as environment:
            return _round(system, jobs, environment, folder)
    finally:
        shutil.rmtree(folder)


def _round(system: System, jobs: int, environment: dict[str, str], folder: Path) -> Figures:
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    if system.kind == "results":
        environment["DJANGO_SETTINGS_MODULE"] = "benchmarks.results_settings"
        run(["-m", "django", "migrate", "-v", "0"], environment)
    singly = jobs // 5
    rates = json.loads(
        run(
            ["-m", "benchmarks.submit", system.kind, str(singly), str(jobs - singly), str(folder)],
            environment,
        )
    )
    marked = jobs + 2
    with (
        _end_of_drain(system.kind, marked, environment, folder) as ended,
        _workers(system, environment, folder) as pids,
    ):
        drain = ended() - wait_for(folder / "first", 60)
        delays = _delays(system.kind, max(20, jobs // 10), environment, folder / "delays")
        memory = sum(map(proportional_megabytes, pids))
    return Figures(
        submit=rates["singly"],
        bulk=rates["in_bulk"],
        drain=jobs / drain,
        latency_p50=statistics.median(delays) * 1000,
        latency_p99=statistics.quantiles(delays, n=100)[98] * 1000,
        memory=memory,
    )


@contextlib.contextmanager
def _workers(system: System, environment: dict[str, str], folder: Path) -> Iterator[list[int]]:
    with contextlib.ExitStack() as stack:
        pids = []
        for number in range(system.workers):
            arguments = [*system.pool, "-n", f"w{number}@%h"]
            if system.kind == "ours":
                arguments += ["-I", "benchmarks.workload"]
            log = folder / f"w{number}.log"
            pids.append(stack.enter_context(worker(APPS[system.kind], arguments, environment, log)))
        yield pids


@contextlib.contextmanager
def _end_of_drain(
    kind: str, number: int, environment: dict[str, str], folder: Path
) -> Iterator[Callable[[], float]]:
    """When the backlog is done: for whoever keeps rows, when all of them are written."""
    if kind == "stock":
        yield lambda: wait_for(folder / "last", 300)
        return
    arguments = ["-m", "benchmarks.settled", kind, str(number), str(folder)]
    with ThreadPoolExecutor() as pool:
        settled = pool.submit(run, arguments, environment)
        yield lambda: float(settled.result())


def _delays(kind: str, number: int, environment: dict[str, str], path: Path) -> list[float]:
    run(["-m", "benchmarks.latency", kind, str(number), str(path)], environment)
    return [float(line) for line in path.read_text().splitlines()]
