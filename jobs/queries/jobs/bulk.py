"""The jobs that a bulk action is about: counted, and in steps by age that cost the same each."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from jobs.models import Job
from jobs.queries.jobs.filters import Cursor, JobFilter
from jobs.states import FINAL, UNFINISHED, State

#: Jobs are counted up to here before a person is asked.
MOST_COUNTED = 100_000
#: Jobs that one step looks at, and those that it takes.
WINDOW = 5_000
SLICE = 500


def concerns(verb: str, wanted: JobFilter) -> Q:
    """The jobs of `wanted` that `verb` can do anything with.

    A retry is about what failed or was cancelled; what succeeded runs again only if asked for by
    state.
    """
    states = {
        "retry": FINAL if wanted.state == State.SUCCEEDED else FINAL - {State.SUCCEEDED},
        "cancel": UNFINISHED,
        "delete": FINAL,
    }[verb]
    return wanted.as_q() & Q(state__in=sorted(states))


def count_matching(verb: str, wanted: JobFilter, *, asked_at: datetime) -> int:
    """How many jobs it is about, counted up to `MOST_COUNTED` and one more."""
    jobs = Job.objects.filter(concerns(verb, wanted), created_at__lte=asked_at)
    return jobs.order_by()[: MOST_COUNTED + 1].count()


def step(
    verb: str, wanted: JobFilter, cursor: Cursor | None, *, asked_at: datetime
) -> tuple[Sequence[str], Cursor | None, bool]:
    """The next jobs, the oldest first; where the step after this begins; whether none follows.

    A step looks at `WINDOW` rows at most, whether any of them match or not, and takes `SLICE`.
    """
    rest = Job.objects.filter(created_at__lte=asked_at)
    if wanted.since:
        rest = rest.filter(created_at__gte=wanted.since)
    if wanted.until:
        rest = rest.filter(created_at__lte=wanted.until)
    if cursor:
        rest = rest.filter(cursor.newer())
    by_age = rest.order_by("created_at", "id").values_list("created_at", "id")
    end = next((Cursor(at, id) for at, id in by_age[WINDOW - 1 : WINDOW]), None)
    if end:
        rest = rest.filter(end.older() | Q(created_at=end.created_at, id=end.id))
    found = list(
        rest.filter(concerns(verb, wanted))
        .order_by("created_at", "id")
        .values_list("created_at", "id")[:SLICE]
    )
    if len(found) == SLICE:
        return [id for _, id in found], Cursor(*found[-1]), False
    return [id for _, id in found], end, end is None
