"""What each process does right now, in a few words: `manage.py jobs workers`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jobs.models import Node
from jobs.queries.jobs.facts import Fleet, fleet
from jobs.queries.sentences import ago, compared


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """A worker or a beat."""

    name: str
    kind: str
    pool: str
    slots: int
    queues: str
    #: What it does, or why it does nothing.
    note: str


def process_rows(now: datetime) -> Sequence[ProcessRow]:
    """Every process that has a row."""
    there = fleet(now)
    return [
        ProcessRow(
            node.name, node.kind, node.pool, node.concurrency, node.queues, _note(node, there, now)
        )
        for node in there.nodes
    ]


def _note(node: Node, there: Fleet, now: datetime) -> str:
    clock = f"; its clock is {compared(node.clock_ahead)}" if node.clock_ahead else ""
    return _state(node, there, now) + clock


def _state(node: Node, there: Fleet, now: datetime) -> str:
    if node.seen_at < there.heard_since and node.kind == Node.Kind.WORKER:
        return f"silent for {ago(node.seen_at, now)}"
    if node.stopping_at:
        return f"stopping for {ago(node.stopping_at, now)}"
    if node.deaf_since:
        return f"alive, but takes no jobs for {ago(node.deaf_since, now)}"
    return f"up for {ago(node.started_at, now)}"
