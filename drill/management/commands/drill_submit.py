"""Internal to `manage.py drill`: a submitter."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from drill.submitter import Share, submit_share


class Command(BaseCommand):
    help = "Internal: started by `manage.py drill`."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name in ("seed", "number", "incarnation", "calls"):
            parser.add_argument(f"--{name}", type=int, required=True)
        for name in ("begin", "seconds"):
            parser.add_argument(f"--{name}", type=float, required=True)
        parser.add_argument("--folder", type=Path, required=True)

    def handle(self, **given: Any) -> None:
        share = Share(**{name: given[name] for name in Share.__annotations__})
        submit_share(share, given["folder"])
