"""Costs that must stay flat: a dispatcher's turn, a claim, an end, and lanes.

    python -m benchmarks.flat [--finished 10000,1000000] [--waiting 10000] [--repeat 60]

For SQLite and PostgreSQL in turn: each step is timed at the first number of finished rows, the
table is filled up, and it is timed again at the next. Then the same work in one lane and in 10,000.
`measure(database)` returns the figures for a larger table of results.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from importlib import import_module

import django

from benchmarks.surroundings import run, surroundings

DATABASES = ("sqlite", "postgres")
FINISHED = (10_000, 1_000_000)
WAITING = 10_000
REPEAT = 60
#: Compared with one.
LANES = 10_000

#: Milliseconds by step: of each size of the table, or of one lane and of many.
Figures = dict[str, list[float]]


def measure(
    database: str,
    *,
    finished: Sequence[int] = FINISHED,
    waiting: int = WAITING,
    repeat: int = REPEAT,
) -> Figures:
    """The median milliseconds of each step at each number of `finished` rows, and lanes."""
    with surroundings(database) as environment:
        environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
        sizes = ",".join(map(str, finished))
        arguments = ["--inside", "--finished", sizes, "--waiting", str(waiting)]
        answer = run(["-m", "benchmarks.flat", *arguments, "--repeat", str(repeat)], environment)
    figures: Figures = json.loads(answer)
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
    finished = [int(number) for number in options.finished.split(",")]
    if options.inside:
        django.setup()
        steps = import_module("benchmarks.flat_steps")  # it knows the tables
        print(json.dumps(steps.figures(finished, options.waiting, options.repeat, LANES)))
        return
    for database in options.database.split(","):
        figures = measure(
            database, finished=finished, waiting=options.waiting, repeat=options.repeat
        )
        lanes = {step: figures.pop(step) for step in list(figures) if step.startswith("end ")}
        print(f"\n{database}, {options.waiting:,} jobs waiting, 100 jobs a step")
        print("\n".join(table(figures, [f"{number:,} rows" for number in finished])))
        print("\n".join(table(lanes, ["1 lane", f"{LANES:,} lanes"])))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flat", description=__doc__)
    parser.add_argument("--finished", default=",".join(map(str, FINISHED)))
    parser.add_argument("--waiting", type=int, default=WAITING)
    parser.add_argument("--repeat", type=int, default=REPEAT)
    parser.add_argument("--database", default=",".join(DATABASES))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
