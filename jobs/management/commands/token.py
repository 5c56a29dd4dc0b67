"""Tokens of the API from the command line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from jobs.errors import HachiError
from jobs.operations.tokens import create_token, revoke_token
from jobs.queries.status import all_tokens


class Command(BaseCommand):
    help = "Make, list and revoke the tokens with which programs call the API."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create | list | revoke")
        create = verbs.add_parser("create", help="Make a token and show it, this once.")
        create.add_argument("name", help="What it is for: it stands in the history of jobs.")
        verbs.add_parser("list", help="Show the names of all tokens and when they were used.")
        revoke = verbs.add_parser("revoke", help="End a token at once, for good.")
        revoke.add_argument("name")

    def handle(self, *, verb: str, name: str = "", **_: Any) -> None:
        try:
            match verb:
                case "create":
                    self._create(name)
                case "list":
                    self._list()
                case _:
                    revoke_token(name, timezone.now())
                    self.stderr.write(f"The token {name!r} is revoked.")
        except HachiError as error:
            raise CommandError(str(error)) from error

    def _create(self, name: str) -> None:
        token = create_token(name, timezone.now())
        self.stderr.write("Keep this token now: only its digest is stored, it is not shown again.")
        self.stdout.write(token)  # alone on stdout, for TOKEN=$(manage.py token create NAME)

    def _list(self) -> None:
        for token in all_tokens():
            used = f"used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "unused"
            state = f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else used
            self.stdout.write(f"{token.name}\tmade {token.created_at:%Y-%m-%d %H:%M}\t{state}")
