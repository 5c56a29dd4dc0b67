"""How the database would run the statements of a function: the plans, not the times."""

import re
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

#: The names that jobs_job goes by in our statements; SQLite tells only those.
_NAMES = "jobs_job|job|later|ahead|U0|u0"
_WALKS = {
    "postgresql": re.compile(r"Seq Scan on jobs_job\b"),
    "sqlite": re.compile(rf"^SCAN (?:{_NAMES})$", re.MULTILINE),
}


@dataclass
class Plan:
    """A statement, and how it would be run."""

    sql: str
    text: str

    @property
    def reads_the_table(self):
        """Whether it reads every row of jobs_job."""
        return bool(_WALKS[connection.vendor].search(self.text))

    @property
    def indexes(self):
        return set(re.findall(r"\bjob_\w+", self.text))


def plans_of(function, *args, **kwargs):
    """Run `function` and return the plans of its statements on jobs_job."""
    with _noted() as statements:
        function(*args, **kwargs)
    return [_plan(sql, params) for sql, params in statements if "jobs_job" in sql]


@contextmanager
def _noted():
    statements = []

    def note(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield statements


def _plan(sql, params):
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}", params)
        rows = cursor.fetchall()
    return Plan(sql, "\n".join(str(row[0] if len(row) == 1 else row[3]) for row in rows))
