"""`manage.py ensure_admin`: the first user, on the first run only."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandParser

NAME = "admin"


class Command(BaseCommand):
    help = "Create the superuser 'admin' if there is no superuser yet. Nobody is ever changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--password", default="", help="Its password; without one a random one is printed once."
        )

    def handle(self, *, password: str, **options: Any) -> None:
        users = get_user_model()._default_manager
        if users.filter(is_superuser=True).exists() or users.filter(username=NAME).exists():
            return
        chosen = password or secrets.token_urlsafe(12)
        get_user_model().objects.create_superuser(NAME, "", chosen)
        shown = "the password that you chose" if password else f"password: {chosen}"
        self.stdout.write(f"First run: sign in as {NAME!r}, {shown}. It is not shown again.")
