"""Costs that must stay flat: a dispatcher's turn, a claim, an end, and lanes.

    python -m benchmarks.flat [--finished 10000,1000000] [--waiting 10000] [--rounds 5]

For SQLite and PostgreSQL in turn: one database of each size is filled, and the steps are timed in
all of them, round after round, so that a busy minute hits them alike. Then the same work in one
lane and in 10,000. `measure(database)` returns the figures for a larger table of results.
"""

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib import import_module

import django

from benchmarks.surroundings import run, surroundings

DATABASES = ("sqlite", "postgres")
FINISHED = (10_000, 1_000_000)
WAITING = 10_000
ROUNDS = 5
#: Compared with one.
LANES = 10_000

#: Milliseconds by step: of each size of the table, or of one lane and of many.
Figures = dict[str, list[float]]


def measure(
    database: str,
    *,
    finished: Sequence[int] = FINISHED,
    waiting: int = WAITING,
    rounds: int = ROUNDS,
) -> tuple[Figures, Figures]:
    """Median milliseconds of each step: at each number of `finished` rows, and by lanes."""
    with ExitStack() as stack:
        tables = [stack.enter_context(surroundings(database)) for _ in finished]
        for environment, number in zip(tables, finished, strict=True):
            _inside(environment, "fill", number, waiting)
        sizes = [[_inside(environment, "steps") for environment in tables] for _ in range(rounds)]
        lanes = [
            [_inside(tables[0], "lanes", number) for number in (1, LANES)] for _ in range(rounds)
        ]
    return _medians(sizes), _medians(lanes)


def _inside(environment: dict[str, str], *what: str | int) -> dict[str, float]:
    """Have `benchmarks.flat_steps` do something in the surroundings of a table."""
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    answer = run(["-m", "benchmarks.flat", "--inside", *map(str, what)], environment)
    found: dict[str, float] = json.loads(answer)
    return found


def _medians(rounds: Sequence[Sequence[dict[str, float]]]) -> Figures:
    figures: Figures = defaultdict(list)
    for column in zip(*rounds, strict=True):
        for step in column[0]:
            figures[step].append(statistics.median(found[step] for found in column))
    return figures


def table(figures: Figures, headings: Sequence[str]) -> Iterator[str]:
    """Lines that show the figures side by side, with the growth from the first to the last."""
    yield f"{'ms, median':34} " + " ".join(f"{h:>16}" for h in headings) + f" {'growth':>8}"
    for step, values in figures.items():
        row = " ".join(f"{value:>16.2f}" for value in values)
        yield f"{step:34} {row} {values[-1] / values[0] - 1:>+8.0%}"


def main() -> None:
    """Measure both databases and print the tables."""
    options = _options()
    if options.inside:
        django.setup()
        steps = import_module("benchmarks.flat_steps")  # it knows the tables
        print(json.dumps(steps.do(*options.inside)))
        return
    finished = [int(number) for number in options.finished.split(",")]
    for database in options.database.split(","):
        sizes, lanes = measure(
            database, finished=finished, waiting=options.waiting, rounds=options.rounds
        )
        print(f"\n{database}, {options.waiting:,} jobs waiting, 100 jobs a step")
        print("\n".join(table(sizes, [f"{number:,} rows" for number in finished])))
        print("\n".join(table(lanes, ["1 lane", f"{LANES:,} lanes"])), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flat", description=__doc__)
    parser.add_argument("--finished", default=",".join(map(str, FINISHED)))
    parser.add_argument("--waiting", type=int, default=WAITING)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--database", default=",".join(DATABASES))
    parser.add_argument("--inside", nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
