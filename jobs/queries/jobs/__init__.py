"""Every read of jobs: what pages, API, admin and reports show."""

from jobs.queries.jobs.attention import Alarm, Failures, alarms, failures
from jobs.queries.jobs.details import JobDetails, job_details
from jobs.queries.jobs.facts import Fleet, facts_for, fleet
from jobs.queries.jobs.filters import Cursor, JobFilter
from jobs.queries.jobs.garbage import garbage_rows
from jobs.queries.jobs.lanes import LaneRow, find_lane
from jobs.queries.jobs.listing import (
    JobPage,
    JobRow,
    known_names,
    list_jobs,
    newer_than,
    next_due,
    recently_finished,
    rows_of,
    running_now,
)
from jobs.queries.jobs.pauses import PauseRow, active_pauses, find_pause, pause_rows
from jobs.queries.jobs.processes import ProcessRow, process_rows
from jobs.queries.jobs.tally import Counts, counts

__all__ = [
    "Alarm",
    "Counts",
    "Cursor",
    "Failures",
    "Fleet",
    "JobDetails",
    "JobFilter",
    "JobPage",
    "JobRow",
    "LaneRow",
    "PauseRow",
    "ProcessRow",
    "active_pauses",
    "alarms",
    "counts",
    "facts_for",
    "failures",
    "find_lane",
    "find_pause",
    "fleet",
    "garbage_rows",
    "job_details",
    "known_names",
    "list_jobs",
    "newer_than",
    "next_due",
    "pause_rows",
    "process_rows",
    "recently_finished",
    "rows_of",
    "running_now",
]
