"""Internal to `manage.py drill`: leads a drill in the scratch installation."""

import json
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from drill.cast import Cast
from drill.checks import judge
from drill.conduct import Conductor, Course
from drill.plan import Shape
from drill.report import report
from drill.surroundings import DrillError, everybodys
from scripts.processes import RedisServer


class Command(BaseCommand):
    help = "Internal: started by `manage.py drill`."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", help="JSON.")

    def handle(self, course: str, **given: Any) -> None:
        values = json.loads(course)
        folder = Path(values["folder"])
        shape = Shape(lease=settings.HACHI_LEASE_SECONDS)
        wanted = Course(values["seed"], values["seconds"], values["jobs"], shape, folder)
        redis = RedisServer(folder / "redis")
        cast = Cast(shape, everybodys(redis.url), folder, redis)
        heading = (
            f"Drill: seed {wanted.seed}, {wanted.seconds:g} s, {wanted.jobs:,} calls, "
            f"{connection.vendor}, workers {', '.join(shape.pools)}"
        )
        self.stdout.write(heading)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it comes by `drill`, as TERM
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            evidence = Conductor(wanted, cast, self._tell(given["verbosity"])).run()
        except DrillError as error:
            raise CommandError(str(error)) from error
        finally:
            cast.close()
        verdict = judge(evidence)
        self.stdout.write(report(verdict, f"\n{heading}", begin=evidence.schedule.begin))
        if not verdict.passed:
            sys.exit(1)

    def _tell(self, verbosity: int) -> Any:
        return self.stdout.write if verbosity else lambda _sentence: None
