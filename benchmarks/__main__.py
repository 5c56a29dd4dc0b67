"""`make bench`: drain and submit, this project with a row for every job beside stock Celery.

    python -m benchmarks [--jobs 10000] [--rounds 3] [--only TEXT]

Rounds go through all systems in turn, so that a busy minute hits them alike; medians are printed,
and ratios to stock Celery's prefork. Only the ratios travel to other machines.
"""

import argparse
import shutil
import statistics
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.surroundings import run, surroundings, wait_for, worker


@dataclass(frozen=True)
class System:
    """Something that runs jobs."""

    name: str
    kind: str  # "ours" or "stock"
    database: str | None
    pool: tuple[str, ...]
    workers: int = 1


SYSTEMS = (
    System("stock Celery, no rows, prefork 2", "stock", None, ("-c", "2")),
    System("stock Celery, no rows, 2 x solo", "stock", None, ("-P", "solo"), 2),
    System("Hachi, SQLite, prefork 2", "ours", "sqlite", ("-c", "2")),
    System("Hachi, PostgreSQL, prefork 2", "ours", "postgres", ("-c", "2")),
    System("Hachi, PostgreSQL, threads 2", "ours", "postgres", ("-P", "threads", "-c", "2")),
    System("Hachi, PostgreSQL, 2 x solo", "ours", "postgres", ("-P", "solo"), 2),
)
APPS = {"ours": "config", "stock": "benchmarks.stock_app"}


def measure(system: System, jobs: int) -> tuple[float, float]:
    """Jobs per second: submitted one by one, and drained from a full queue."""
    folder = Path(tempfile.mkdtemp(prefix="hachi-bench-marks-"))
    try:
        with surroundings(system.database) as environment:
            environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
            submitted = run(
                ["-m", "benchmarks.submit", system.kind, str(jobs), str(folder)], environment
            )
            return jobs / float(submitted), jobs / _drain(system, environment, folder)
    finally:
        shutil.rmtree(folder)


def _drain(system: System, environment: dict[str, str], folder: Path, number: int = 0) -> float:
    """Seconds from the first job of the backlog to its last."""
    if number < system.workers:
        arguments = (*system.pool, "-n", f"w{number}@%h")
        if system.kind == "ours":
            arguments += ("-I", "benchmarks.workload")
        with worker(APPS[system.kind], arguments, environment, folder / f"w{number}.log"):
            return _drain(system, environment, folder, number + 1)
    first = wait_for(folder / "first", 60)
    return wait_for(folder / "last", 300) - first


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="systems whose name contains this")
    options = parser.parse_args()
    chosen = [s for s in SYSTEMS if options.only.lower() in s.name.lower()]
    figures: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(options.rounds):
        for system in chosen:
            figures[system.name].append(measure(system, options.jobs))
            submit, drain = figures[system.name][-1]
            print(
                f"round {number + 1}: {system.name}: submit {submit:,.0f}/s, drain {drain:,.0f}/s"
            )
    _print_table(figures)


def _print_table(figures: dict[str, list[tuple[float, float]]]) -> None:
    medians = {
        name: tuple(statistics.median(column) for column in zip(*rounds, strict=True))
        for name, rounds in figures.items()
    }
    base = medians.get(SYSTEMS[0].name) or next(iter(medians.values()))
    print(f"\n{'':36} {'submit/s':>10} {'x stock':>8} {'drain/s':>10} {'x stock':>8}")
    for name, (submit, drain) in medians.items():
        print(
            f"{name:36} {submit:>10,.0f} {submit / base[0]:>8.2f}"
            f" {drain:>10,.0f} {drain / base[1]:>8.2f}"
        )


if __name__ == "__main__":
    main()
