"""`manage.py drill`: faults at random in a scratch installation, and what came of the jobs."""

import json
import signal
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import env
from drill.surroundings import (
    DrillError,
    environment,
    is_postgres,
    scratch_database,
    scratch_folder,
)
from scripts.lifeline import tied

#: What the conductor may take to end everybody when the drill is stopped.
_LAST_SECONDS = 60.0


class Command(BaseCommand):
    help = (
        "Start workers, beats, submitters and a Redis of its own beside a scratch database, kill "
        "and freeze them at random, and report what was lost. Exit code 1 if anything was."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=60.0, help="How long jobs come.")
        parser.add_argument("--seed", type=int, default=1, help="The same seed, the same faults.")
        load = parser.add_mutually_exclusive_group()
        load.add_argument("--jobs", type=int, help="How many calls. Default: 33 a second.")
        load.add_argument("--jobs-per-second", type=float, default=100 / 3)
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--sqlite", action="store_true", help="A scratch file.")
        where.add_argument("--postgres", action="store_true", help="A PostgreSQL of its own.")
        where.add_argument(
            "--database-url",
            help="A PostgreSQL server: a scratch database is made beside the one that is named. "
            "Default: where DATABASE_URL is; SQLite if that is none.",
        )
        parser.add_argument(
            "--no-rescue",
            action="store_true",
            help="Switch off what finds lost messages and dead workers: the drill must fail.",
        )
        parser.add_argument("--keep", action="store_true", help="Keep the folder with all logs.")

    def handle(self, **given: Any) -> None:
        jobs = given["jobs"] or round(given["seconds"] * given["jobs_per_second"])
        if given["seconds"] <= 0 or jobs <= 0:
            raise CommandError("A drill needs more than 0 seconds and more than 0 jobs.")
        course = {"seed": given["seed"], "seconds": given["seconds"], "jobs": jobs}
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: sys.exit("The drill was stopped."))
        try:
            with scratch_folder(keep=given["keep"]) as folder:
                code = self._run(course, folder, given)
                if given["keep"]:
                    self.stdout.write(f"Logs and files: {folder}")
        except DrillError as error:
            raise CommandError(str(error)) from error
        if code:
            raise SystemExit(code)

    def _run(self, course: dict[str, Any], folder: Path, given: dict[str, Any]) -> int:
        with scratch_database(folder, server=_server(given)) as database_url:
            scratch = environment(folder, database_url, rescue=not given["no_rescue"])
            conduct = [sys.executable, str(env.ROOT / "manage.py"), "drill_conduct"]
            options = json.dumps(course | {"folder": str(folder)})
            verbosity = f"--verbosity={given['verbosity']}"
            # In a process of its own, for which the scratch database is the only one.
            conductor = subprocess.Popen(tied([*conduct, verbosity, options]), env=scratch)
            try:
                return conductor.wait()
            finally:
                conductor.terminate()  # it ends its cast; nothing if it has ended
                conductor.wait(_LAST_SECONDS)


def _server(given: dict[str, Any]) -> str | None:
    if given["database_url"]:
        return str(given["database_url"])
    if given["postgres"]:
        return "own"
    if given["sqlite"] or not is_postgres(settings.DATABASES["default"]):
        return None
    return str(settings.DATABASE_URL)
