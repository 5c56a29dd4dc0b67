"""`make test`: the suite against real servers, on SQLite and again on PostgreSQL.

    python -m scripts.test [--leg sqlite|postgres] [anything that pytest takes]

The SQLite leg runs everything; the PostgreSQL leg runs what touches a database. A leg that ran no
test fails, so that neither can go missing unnoticed.

The whole suite runs in parts side by side (scripts/side_by_side.py); --serial, a leg, or anything
that narrows the choice runs it one test after the other, with the output as it comes.
"""

import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import env
from scripts import ports, postgres_server, redis_server, side_by_side

LEGS = {
    "sqlite": ["tests"],
    "postgres": ["tests/integration", "tests/acceptance"],
}


def main() -> int:
    """Run the legs one after the other; 0 if each ran tests and all of them passed."""
    # A job that CI ends must leave neither servers nor their folders behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("The tests were stopped."))
    parser = ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--leg", choices=[*LEGS, "both"], default="both")
    parser.add_argument("--serial", action="store_true", help="no parts side by side")
    chosen, arguments = parser.parse_known_args()
    if chosen.leg == "both" and not chosen.serial and not arguments:
        return side_by_side.run(side_by_side.parts_of(LEGS))
    legs = list(LEGS) if chosen.leg == "both" else [chosen.leg]
    ran: dict[str, int] = {}
    failed = []
    for leg in legs:
        places = _places(leg, arguments)
        if not places:
            print(f"None of the tests that were asked for belong to the {leg} leg.", flush=True)
            continue
        rest = [argument for argument in arguments if not _is_place(argument)]
        code, ran[leg] = _run(leg, [*places, *rest])
        if code not in {0, 5}:  # 5: none was selected, which is judged below
            failed.append(leg)
    for leg, number in ran.items():
        print(f"{leg}: {number} tests ran{', with failures' if leg in failed else ''}.")
    narrowed = bool(arguments)  # a selection may lie in one leg only
    silent = not any(ran.values()) if narrowed else any(not ran.get(leg) for leg in legs)
    if silent:
        print("A leg ran no test at all, and that counts as a failure.", file=sys.stderr)
    return 1 if failed or silent else 0


def _is_place(argument: str) -> bool:
    return not argument.startswith("-") and (env.ROOT / argument.partition("::")[0]).exists()


def _places(leg: str, arguments: list[str]) -> list[str]:
    """The folders of the leg, or what was asked for as far as it lies in them."""
    asked = [argument for argument in arguments if _is_place(argument)]
    if not asked:
        return [place for place in LEGS[leg] if (env.ROOT / place).exists()]
    return [
        place
        for place in asked
        if any(Path(place.partition("::")[0]).is_relative_to(folder) for folder in LEGS[leg])
    ]


def _run(leg: str, arguments: list[str]) -> tuple[int, int]:
    """Run pytest in the surroundings of `leg`; its exit code and how many tests really ran."""
    print(f"--- {leg} ---", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="hachi-test-") as name,
        _surroundings(leg, Path(name)) as environment,
    ):
        report = Path(name) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"--junit-xml={report}", *arguments]
        code = subprocess.run(command, cwd=env.ROOT, env=environment, check=False).returncode
        return code, _number_of_tests(report)


@contextmanager
def _surroundings(leg: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment for pytest: a Redis, a database and a var/ that are nobody else's."""
    inherited = dict(os.environ)  # noqa: TID251 - handed on, not read
    inherited |= {"VAR_DIR": str(folder / "var"), "PYTHONUNBUFFERED": "1"}
    with redis_server.running(folder / "redis", ports.spare()) as redis_url:
        inherited["REDIS_URL"] = redis_url
        if leg == "sqlite":
            yield inherited | {"DATABASE_URL": ""}
        else:
            with postgres_server.running() as database_url:
                yield inherited | {"DATABASE_URL": database_url}


def _number_of_tests(report: Path) -> int:
    if not report.exists():
        return 0
    suites = ET.parse(report).getroot().iter("testsuite")  # noqa: S314 - our own file
    return sum(int(one.get("tests", 0)) - int(one.get("skipped", 0)) for one in suites)


if __name__ == "__main__":
    sys.exit(main())
