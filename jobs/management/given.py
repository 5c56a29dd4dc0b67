"""What people type after a command, checked; and who they are."""

from collections.abc import Sequence
from datetime import datetime
from getpass import getuser

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from jobs.queries.jobs import rows_of


def known_ids(ids: Sequence[str]) -> Sequence[str]:
    """The same ids; an error if one of them is no job, before anything is done."""
    known = rows_of(ids, timezone.now())
    for id in ids:
        if id not in known:
            raise CommandError(f"No job has the id {id!r}. Nothing was done.")
    return ids


def moment_to_come(text: str | None) -> datetime | None:
    """A moment to come; without a zone it is one of the site's."""
    if text is None:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"--until {text!r} must look like 2031-05-06T06:00.")
    moment = timezone.make_aware(found) if timezone.is_naive(found) else found
    if moment <= timezone.now():
        raise CommandError(f"--until {text!r} is past.")
    return moment


def who() -> str:
    """The name under which it is recorded."""
    try:
        return f"{getuser()[:100]} (command line)"
    except (OSError, KeyError):  # a container whose user has no name
        return "the command line"
