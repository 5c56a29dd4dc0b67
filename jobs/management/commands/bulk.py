"""Bulk actions from the command line: retry, cancel or delete all that match; list; abort."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from jobs.engine.actions import bulk_actions
from jobs.errors import BulkActionNotFound, HachiError
from jobs.management.given import who
from jobs.models import BulkAction
from jobs.queries.bulk import described, list_bulk_actions, number_in_words
from jobs.queries.jobs import JobFilter
from jobs.queries.jobs.bulk import count_matching
from jobs.states import State

_NAMES = ("task", "queue", "lane", "batch", "schedule", "cause", "text")


class Command(BaseCommand):
    help = "Retry, cancel or delete all jobs that match; workers do it, bit by bit."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="retry | cancel | delete | list | abort"
        )
        for verb, text in (
            ("retry", "Run failed and cancelled jobs once more, the oldest first."),
            ("cancel", "Cancel waiting jobs, and ask running ones to stop."),
            ("delete", "Delete jobs that have ended, for good."),
        ):
            asked = verbs.add_parser(verb, help=text)
            asked.add_argument("--state", choices=[state.value for state in State])
            for name in _NAMES:
                asked.add_argument(f"--{name}", default="")
            asked.add_argument("--all", action="store_true", help="Every job there is.")
            asked.add_argument("--yes", action="store_true", help="Do not ask once more.")
        verbs.add_parser("list", help="The newest bulk actions: id, state, what, how far.")
        verbs.add_parser("abort", help="Stop one where it is.").add_argument("id")

    def handle(self, *, verb: str, **given: Any) -> None:
        acts: dict[str, Callable[..., None]] = {"list": self._list, "abort": self._abort}
        try:
            if verb in acts:
                acts[verb](given)
            else:
                self._ask(verb, given)
        except BulkActionNotFound as error:
            raise CommandError(f"No bulk action has the id {given['id']!r}.") from error
        except HachiError as error:
            raise CommandError(str(error)) from error
        except (OperationalError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {error}") from error

    def _ask(self, verb: str, given: dict[str, Any]) -> None:
        wanted = JobFilter(
            state=State(given["state"]) if given["state"] else None,
            **{name: given[name] for name in _NAMES},
        )
        if (wanted == JobFilter()) != given["all"]:
            raise CommandError("Narrow the jobs (--state, --task, …), or say --all. Not both.")
        number = count_matching(verb, wanted, asked_at=timezone.now())
        if not number:
            self.stdout.write("No job fits. Nothing was done.")
            return
        text = f"{described(verb, wanted)}: {number_in_words(number)}"
        if not given["yes"] and input(f"{text}. Type yes to go on: ") != "yes":
            raise CommandError("Nothing was done.")
        action: BulkAction = bulk_actions.ask(verb, wanted, by=who())
        self.stdout.write(f"{text}. Workers do it: manage.py bulk list\n{action.id}")

    def _list(self, given: dict[str, Any]) -> None:
        for row in list_bulk_actions(timezone.now()):
            self.stdout.write("\t".join((row.id, row.action.state, row.text, row.progress)))

    def _abort(self, given: dict[str, Any]) -> None:
        if not bulk_actions.abort(given["id"], by=who()):
            raise CommandError("It had come to its end already.")
        self.stdout.write("It is stopped. What is done stays done.")
