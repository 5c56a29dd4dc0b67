"""Bulk actions as pages, API and commands show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.errors import BulkActionNotFound
from jobs.models import BulkAction
from jobs.queries.jobs.bulk import MOST_COUNTED
from jobs.queries.jobs.filters import JobFilter
from jobs.queries.sentences import ago, count_of

_PAGE = 30
_DOING = {"retry": "Retry", "cancel": "Cancel", "delete": "Delete"}
_DONE = {"retry": "queued again", "cancel": "cancelled", "delete": "deleted"}


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A bulk action in words."""

    action: BulkAction
    #: What it does to which jobs.
    text: str
    #: How far it is, or how it ended.
    progress: str
    asked: str

    @property
    def id(self) -> str:
        return self.action.id

    @property
    def state(self) -> str:
        """In the words of jobs, for their signs."""
        words = {"running": "running", "stopped": "cancelled", "failed": "failed"}
        return words.get(self.action.state, "succeeded")

    @property
    def percent(self) -> int | None:
        action = self.action
        if action.finished_at is not None or not action.expected:
            return None
        return min(99, 100 * action.matched // action.expected)


def find_bulk_action(id: str) -> BulkAction:
    """The bulk action with this id. Raises BulkActionNotFound."""
    action = BulkAction.objects.filter(id=id).first() if "\0" not in id else None
    if action is None:
        raise BulkActionNotFound
    return action


def list_bulk_actions(now: datetime, *, size: int = _PAGE) -> Sequence[BulkRow]:
    """The newest bulk actions."""
    return [_row(action, now) for action in BulkAction.objects.order_by("-asked_at")[:size]]


def under_way(now: datetime) -> Sequence[BulkRow]:
    """Those that have not come to their end, the oldest first."""
    unfinished = BulkAction.objects.filter(finished_at=None).order_by("asked_at")
    return [_row(action, now) for action in unfinished[:_PAGE]]


def described(verb: str, wanted: JobFilter) -> str:
    """What is done to which jobs: "Retry jobs: state failed, task shop.pay"."""
    narrowed = ", ".join(f"{name} {value}" for name, value in wanted.as_json().items())
    return f"{_DOING[verb]} {'jobs: ' + narrowed if narrowed else 'all jobs'}"


def number_in_words(number: int) -> str:
    """A count that may have been cut."""
    return f"more than {MOST_COUNTED:,} jobs" if number > MOST_COUNTED else count_of(number, "job")


def _row(action: BulkAction, now: datetime) -> BulkRow:
    text = described(action.verb, JobFilter.from_json(_known(action.wanted)))
    by = f" by {action.asked_by}" if action.asked_by else ""
    return BulkRow(action, text, _progress(action), f"{ago(action.asked_at, now)} ago{by}")


def _known(wanted: dict[str, str]) -> dict[str, str]:
    """A filter that a later version wrote must not break the page."""
    return {name: value for name, value in wanted.items() if name in JobFilter.__slots__}


def _progress(action: BulkAction) -> str:
    done = f"{count_of(action.done, 'job')} {_DONE[action.verb]}"
    skipped = f", {action.skipped:,} left as they were" if action.skipped else ""
    match action.state:
        case "running":
            return f"{done}{skipped}, of {number_in_words(action.expected)}"
        case "stopped":
            return f"{done}{skipped}; stopped by {action.aborted_by}"
        case "failed":
            return f"{done}{skipped}; could not go on: {action.error}"
    return f"{done}{skipped}"
