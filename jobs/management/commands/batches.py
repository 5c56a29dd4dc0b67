"""Batches from the command line: list, show, cancel, retry, close."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from jobs.engine.actions import batch_actions
from jobs.errors import BatchNotFound, HachiError
from jobs.management.given import who
from jobs.queries.batches import batch_details, list_batches
from jobs.queries.sentences import count_of

_VERBS = "list | show | cancel | retry | close"


class Command(BaseCommand):
    help = "Show, cancel and close batches; retry what failed in one."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar=_VERBS)
        listed = verbs.add_parser("list", help="The newest batches: id, state, name, counts.")
        listed.add_argument("--limit", type=int, default=20)
        for verb, text in (
            ("show", "One batch: counts, pace, what failed and why."),
            ("cancel", "Cancel its waiting jobs, and ask the running ones to stop."),
            ("retry", "Run what failed once more."),
            ("close", "Let nobody but its own jobs add to it."),
        ):
            verbs.add_parser(verb, help=text).add_argument("id")

    def handle(self, *, verb: str, **given: Any) -> None:
        acts: dict[str, Callable[..., None]] = {
            "list": self._list,
            "show": self._show,
            "cancel": self._cancel,
            "retry": self._retry,
            "close": self._close,
        }
        try:
            acts[verb](**{name: given[name] for name in ("id", "limit") if name in given})
        except BatchNotFound as error:
            raise CommandError(f"No batch has the id {given['id']!r}.") from error
        except HachiError as error:
            raise CommandError(str(error)) from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {error}") from error

    def _list(self, limit: int) -> None:
        if limit < 1:
            raise CommandError("--limit must be 1 or more.")
        for row in list_batches(size=limit):
            self.stdout.write("\t".join((row.id, row.state, row.name, row.counted, row.note)))

    def _show(self, id: str) -> None:
        details = batch_details(id, timezone.now())
        row = details.row
        lines = {
            "id": row.id,
            "name": row.name,
            "state": row.state,
            "jobs": row.counted,
            "note": row.note,
            "pace": details.pace,
            "asked by": row.batch.requested_by,
            "made": timezone.localtime(row.batch.created_at).isoformat(" ", "seconds"),
        }
        for cause in details.causes:
            lines[f"{cause.number} ×"] = f"{cause.error_type} in {cause.task}: {cause.message}"
        for callback in details.callbacks:
            lines[f"on {callback.event}"] = f"{callback.task} {callback.state}".strip()
        for name, value in lines.items():
            if value:
                self.stdout.write(f"{name + ':':<12}{value}")

    def _cancel(self, id: str) -> None:
        if not batch_actions.cancel_batch(id, by=who()):
            raise CommandError("The batch has finished: there is nothing left to cancel.")
        self.stdout.write("The batch is being cancelled.")

    def _retry(self, id: str) -> None:
        number = batch_actions.retry_failed(id, by=who())
        self.stdout.write(f"{count_of(number, 'job')} queued again.")

    def _close(self, id: str) -> None:
        closed = batch_actions.close_batch(id)
        self.stdout.write("The batch is closed." if closed else "The batch was closed already.")
