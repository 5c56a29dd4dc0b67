"""The Celery apps that are measured, and where their tasks are."""

from importlib import import_module
from typing import Any

import django

#: What `celery -A` gets.
APPS = {"ours": "config", "stock": "benchmarks.stock_app", "results": "benchmarks.results_app"}
_TASKS = {"ours": "benchmarks.workload"}


def tasks_of(kind: str) -> Any:
    """The module with the tasks `noop`, `mark` and `note_delay` of a system."""
    if kind == "ours":
        django.setup()
    return import_module(_TASKS.get(kind, APPS[kind]))
