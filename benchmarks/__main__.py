"""`make bench`: this project with a row for every job beside stock Celery, side by side.

    python -m benchmarks [--jobs 10000] [--rounds 3] [--only TEXT]

Rounds go through all systems in turn, so that a busy minute hits them alike; medians are printed,
ratios to the first system, and what each target came to. Only the ratios travel to other machines.
"""

import argparse
import statistics
from collections import defaultdict
from dataclasses import asdict, fields

from benchmarks.measure import Figures, System, measure
from benchmarks.targets import verdicts

_PREFORK, _THREADS, _SOLO = ("-c", "2"), ("-P", "threads", "-c", "2"), ("-P", "solo")
SYSTEMS = (
    System("stock Celery, no rows, prefork 2", "stock", None, _PREFORK),
    System("stock Celery, no rows, threads 2", "stock", None, _THREADS),
    System("stock Celery, no rows, 2 x solo", "stock", None, _SOLO, 2),
    System("django-celery-results, prefork 2", "results", "postgres-empty", _PREFORK),
    System("django-celery-results, threads 2", "results", "postgres-empty", _THREADS),
    System("django-celery-results, 2 x solo", "results", "postgres-empty", _SOLO, 2),
    System("Hachi, SQLite, prefork 2", "ours", "sqlite", _PREFORK),
    System("Hachi, SQLite, threads 2", "ours", "sqlite", _THREADS),
    System("Hachi, SQLite, 2 x solo", "ours", "sqlite", _SOLO, 2),
    System("Hachi, PostgreSQL, prefork 2", "ours", "postgres", _PREFORK),
    System("Hachi, PostgreSQL, threads 2", "ours", "postgres", _THREADS),
    System("Hachi, PostgreSQL, 2 x solo", "ours", "postgres", _SOLO, 2),
)
#: Column, its head, and how a figure is printed.
_COLUMNS = (
    ("submit", "submit/s", ",.0f"),
    ("bulk", "bulk/s", ",.0f"),
    ("drain", "drain/s", ",.0f"),
    ("latency_p50", "p50 ms", ".1f"),
    ("latency_p99", "p99 ms", ".1f"),
    ("memory", "MB idle", ".0f"),
)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="systems whose name contains this")
    options = parser.parse_args()
    chosen = [s for s in SYSTEMS if options.only.lower() in s.name.lower()]
    rounds: dict[str, list[Figures]] = defaultdict(list)
    for number in range(options.rounds):
        for system in chosen:
            figures = measure(system, options.jobs)
            rounds[system.name].append(figures)
            print(f"round {number + 1}: {system.name}: {_in_words(figures)}", flush=True)
    medians = {name: _medians(measured) for name, measured in rounds.items()}
    print_table(medians)
    print("", *verdicts(medians), sep="\n")


def _in_words(figures: Figures) -> str:
    return ", ".join(f"{head} {asdict(figures)[name]:{form}}" for name, head, form in _COLUMNS)


def _medians(rounds: list[Figures]) -> Figures:
    return Figures(
        *(
            statistics.median(getattr(figures, f.name) for figures in rounds)
            for f in fields(Figures)
        )
    )


def print_table(medians: dict[str, Figures]) -> None:
    """Each figure, and its ratio to that of the first system."""
    base = asdict(next(iter(medians.values())))
    print("\n" + " " * 34 + "".join(f"{head:>17}" for _, head, _ in _COLUMNS))
    for system, figures in medians.items():
        cells = [
            f"{asdict(figures)[name]:{form}} ({asdict(figures)[name] / base[name]:.2f}x)"
            for name, _, form in _COLUMNS
        ]
        print(f"{system:34}" + "".join(f"{cell:>17}" for cell in cells))


if __name__ == "__main__":
    main()
