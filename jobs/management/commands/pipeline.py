"""Pipelines from the command line: start, list, status, cancel, retry, csv."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from jobs.engine.politeness import set_manners
from jobs.errors import HachiError
from jobs.management.given import who
from jobs.models import PipelineTemplate
from jobs.operations.pipelines.retry import ALL, FAILED, UNDONE
from jobs.operations.pipelines.start import NewPipeline
from jobs.operations.pipelines.templates import bytes_to_start_with, store_template
from jobs.queries.pipelines import (
    causes_of,
    csv_lines,
    find_pipeline,
    find_template,
    headline,
    left_out,
    list_pipelines,
    progress_of,
    state_of,
)
from jobs.queries.sentences import count_of
from jobs.tasks import pipelines
from jobs.tasks.destinations import destination_names
from jobs.tasks.pipeline_chunks import url_policy
from jobs.work.pipeline import Anchor, Mode, Recipe
from jobs.work.pipeline.recipe import OUTPUTS
from jobs.work.url_lists import BadUrlList, decode, read_urls

_VERBS = "start | list | status | cancel | retry | csv | manners"
_LOOK_SECONDS = 1.0
_RECIPE = ("mode", "anchor", "scale", "margin", "opacity", "format", "quality")


class Command(BaseCommand):
    help = "Start pipelines of pictures, watch, cancel and retry them."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=_VERBS)
        _add_start(verbs.add_parser("start", help="Start a pipeline; its id goes to stdout."))
        listed = verbs.add_parser("list", help="The newest: id, state, counts, name.")
        listed.add_argument("--limit", type=int, default=20)
        status = verbs.add_parser("status", help="Where one stands, and why some failed.")
        status.add_argument("--wait", action="store_true", help="Return when it has ended.")
        cancel = verbs.add_parser("cancel", help="End it; what is done stays.")
        retry = verbs.add_parser("retry", help="Take up again what failed.")
        retry.add_argument("--reason", default="", help="Only what failed for this cause.")
        retry.add_argument("--cancelled", action="store_true", help="What was cancelled, too.")
        retry.add_argument("--all", action="store_true", help="Make all of it again.")
        retry.add_argument("--download", action="store_true", help="Download again as well.")
        table = verbs.add_parser("csv", help="Every address with its outcome, on stdout.")
        manners = verbs.add_parser("manners", help="What all workers together ask of one host.")
        manners.add_argument("host")
        manners.add_argument("--width", type=int, required=True, help="Requests at a time.")
        manners.add_argument("--rate", help="Starts, as in 2/s, 30/m or 100/h.")
        for one in (status, cancel, retry, table):
            one.add_argument("id", type=UUID)

    def handle(self, *, verb: str, **given: Any) -> None:
        acts: dict[str, Callable[..., None]] = {
            "start": self._start,
            "list": self._list,
            "status": self._status,
            "cancel": self._cancel,
            "retry": self._retry,
            "csv": self._csv,
            "manners": self._manners,
        }
        try:
            acts[verb](given)
        except BadUrlList as error:
            raise CommandError("\n".join([str(error), *map(str, error.problems)])) from error
        except HachiError as error:
            raise CommandError(str(error)) from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {error}") from error

    def _start(self, given: dict[str, Any]) -> None:
        by = who()
        found = read_urls(
            decode(_read(given["file"])),
            url_policy(),
            is_table=given["file"].lower().endswith((".csv", ".tsv")),
            most=settings.HACHI_PIPELINE_MOST_URLS,
        )
        row = _template(given["template"], by)
        options = {name: given[name] for name in _RECIPE if given[name] is not None}
        recipe = Recipe(
            template=bytes_to_start_with(row),
            max_width=given["max_width"],
            max_height=given["max_height"],
            **options,
        )
        wanted = NewPipeline(
            name=given["name"] or Path(given["file"]).name,
            urls=[one.url for one in found.wanted],
            recipe=recipe,
            template=row,
            destination=given["destination"] or destination_names()[0],
            folder=given["folder"],
            repeated=found.repeated,
        )
        pipeline = pipelines.start_pipeline(wanted, by=by)
        more = left_out(pipeline)
        self.stderr.write(f"{count_of(pipeline.total, 'picture')}. {more}".strip())
        self.stdout.write(
            str(pipeline.pk)
        )  # alone on stdout, for ID=$(manage.py pipeline start ...)
        if given["wait"]:
            self._status({"id": pipeline.pk, "wait": True})

    def _list(self, given: dict[str, Any]) -> None:
        if given["limit"] < 1:
            raise CommandError("--limit must be 1 or more.")
        for line in list_pipelines(size=given["limit"]).lines:
            counts = f"{line.done} done, {line.failed} failed of {line.pipeline.total}"
            self.stdout.write(
                "\t".join((str(line.pipeline.pk), line.state, counts, line.pipeline.name))
            )

    def _status(self, given: dict[str, Any]) -> None:
        said = ""
        while True:
            pipeline, now = find_pipeline(given["id"]), timezone.now()
            text = headline(pipeline, progress_of(pipeline, now), now)
            if text != said:
                self.stdout.write(f"{state_of(pipeline)}: {text}")
                said = text
            if pipeline.finished_at or not given["wait"]:
                break
            time.sleep(_LOOK_SECONDS)
        if more := left_out(pipeline):
            self.stdout.write(f"  {more}")
        for cause in causes_of(pipeline):
            self.stdout.write(f"  {cause.number:,} {cause.words} ({cause.reason})")
            for item in cause.examples:
                self.stdout.write(f"    {item.url}: {item.detail}")

    def _cancel(self, given: dict[str, Any]) -> None:
        find_pipeline(given["id"])
        if not pipelines.cancel_pipeline(given["id"], by=who()):
            raise CommandError("There is nothing left to cancel.")
        self.stdout.write("It is being cancelled: what runs stops within a second or two.")

    def _retry(self, given: dict[str, Any]) -> None:
        states = ALL if given["all"] else UNDONE if given["cancelled"] else FAILED
        number = pipelines.retry_pipeline(
            find_pipeline(given["id"]).pk,
            states,
            reason=given["reason"],
            download_again=given["download"],
            by=who(),
        )
        self.stdout.write(f"{count_of(number, 'picture')} taken up again.")

    def _csv(self, given: dict[str, Any]) -> None:
        for line in csv_lines(find_pipeline(given["id"])):
            self.stdout.write(line, ending="")

    def _manners(self, given: dict[str, Any]) -> None:
        set_manners(given["host"], width=given["width"], rate=given["rate"])
        self.stdout.write(f"{given['host']}: {count_of(given['width'], 'request')} at a time.")


def _add_start(start: CommandParser) -> None:
    start.add_argument(
        "file", help="Addresses, a line each, or a CSV with a column url; - is stdin."
    )
    start.add_argument("--template", required=True, help="A file, or the id of an uploaded one.")
    start.add_argument("--destination", default="", help="A name from the settings.")
    start.add_argument("--folder", default="", help="The folder there.")
    start.add_argument("--name", default="")
    start.add_argument("--mode", choices=[str(mode) for mode in Mode])
    start.add_argument("--anchor", choices=[str(anchor) for anchor in Anchor])
    start.add_argument("--scale", type=float, help="Of the picture's shorter side, 0.01 to 1.")
    start.add_argument("--margin", type=float, help="Of the picture's shorter side, 0 to 0.5.")
    start.add_argument("--opacity", type=float, help="0.01 to 1.")
    start.add_argument("--format", choices=[str(form) for form in OUTPUTS])
    start.add_argument("--quality", type=int, help="1 to 100.")
    start.add_argument("--max-width", type=int, default=0)
    start.add_argument("--max-height", type=int, default=0)
    start.add_argument("--wait", action="store_true", help="Return when it has ended.")


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error


def _template(given: str, by: str) -> PipelineTemplate:
    row = find_template(given) if given.isalnum() else None
    if row is not None:
        return row
    file = ContentFile(_read(given), Path(given).name)
    return store_template(file, by=by, now=timezone.now())
