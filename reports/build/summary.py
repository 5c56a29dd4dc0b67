"""The short form of a report, as JSON: what the list of reports and the mail tell."""

from dataclasses import asdict
from typing import Any

from reports.build.facts import DayFacts

#: A mail is read at a glance; the page has all.
MOST = 10


def summary_of(facts: DayFacts) -> dict[str, Any]:
    outcomes = facts.outcomes
    return {
        "so_far": facts.so_far,
        "thinned": facts.thinned,
        "submitted": facts.submitted,
        "unfinished": facts.unfinished,
        "finished": outcomes.finished,
        **asdict(outcomes),
        "success_rate": outcomes.success_rate,
        "waits": asdict(facts.waits),
        "runs": asdict(facts.runs),
        "attempts": facts.attempts,
        "failures": [
            {
                "error_type": group.error_type,
                "message": group.message,
                "count": group.count,
                "tasks": [task for task, _ in group.tasks],
            }
            for group in facts.failures[:MOST]
        ],
        "more_failures": max(len(facts.failures) - MOST, 0),
        "missed_schedules": [schedule.name for schedule in facts.schedules if schedule.missed],
    }
