"""Failures grouped by cause."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from reports.build.facts import FailureGroup
from reports.build.rows import FinishedRow


@dataclass(slots=True)
class _Group:
    first_at: datetime
    last: FinishedRow
    tasks: Counter[str] = field(default_factory=Counter)

    def add(self, row: FinishedRow) -> None:
        self.tasks[row.task] += 1
        self.first_at = min(self.first_at, row.finished_at)
        if row.finished_at >= self.last.finished_at:
            self.last = row


class FailureGroups:
    """One group for each fingerprint; failures without one are grouped by their type."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], _Group] = {}

    def add(self, row: FinishedRow) -> None:
        cause = (row.error_fingerprint, "" if row.error_fingerprint else row.error_type)
        group = self._groups.setdefault(cause, _Group(row.finished_at, row))
        group.add(row)

    def largest_first(self) -> list[FailureGroup]:
        groups = [_facts(group) for group in self._groups.values()]
        return sorted(groups, key=lambda group: (-group.count, group.error_type, group.fingerprint))


def _facts(group: _Group) -> FailureGroup:
    return FailureGroup(
        fingerprint=group.last.error_fingerprint,
        error_type=group.last.error_type,
        message=group.last.error_message,
        count=group.tasks.total(),
        tasks=tuple(sorted(group.tasks.items(), key=lambda item: (-item[1], item[0]))),
        first_at=group.first_at,
        last_at=group.last.finished_at,
        job_id=group.last.id,
    )
