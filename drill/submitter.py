"""A submitter: submits its share of the calls, and notes each one that was committed.

It may be killed at any moment. Its successor goes on after the last call in the journal; the one
that was on its way is either in the database with all that belongs to it, or not at all.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import chain
from django.db import transaction

from drill import tables, workload
from drill.calls import Call, Sort, make_call
from drill.journal import Journal, lines
from jobs.engine.batches import batch
from jobs.errors import DatabaseUnavailable

JOURNALS = "submitter-*.jsonl"
_PAUSE_SECONDS = 0.5


class _OnPurpose(Exception):
    """Rolls a transaction back."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one submitter has to do."""

    seed: int
    number: int
    #: How often it was started before.
    incarnation: int
    #: When the load began and how long it lasts, in seconds.
    begin: float
    seconds: float
    #: How many calls.
    calls: int


def journal_path(folder: Path, number: int) -> Path:
    """Where submitter `number` keeps its journal."""
    return folder / JOURNALS.replace("*", str(number))


def submit_share(share: Share, folder: Path) -> None:
    """Submit the rest of the share, evenly over the time; late ones at once."""
    path = journal_path(folder, share.number)
    done = sum(1 for _ in lines(path))
    journal = Journal(path, durable=True)
    while done < share.calls:
        time.sleep(max(0.0, share.begin + share.seconds * done / share.calls - time.time()))
        call = make_call(share.seed, share.number, done)
        try:
            line = _submit(call, share, done)
        except DatabaseUnavailable:
            time.sleep(_PAUSE_SECONDS)  # nothing was submitted, and the caller was told
            continue
        journal.write(line | {"at": time.time()})
        done += 1


def _submit(call: Call, share: Share, number: int) -> dict[str, Any]:
    """Submit one call in a transaction of its own; returns its line for the journal."""
    place = share.incarnation * 1_000_000 + number
    line = {
        "key": f"{share.number}-{share.incarnation}-{number}",
        "sort": call.sort,
        "at": time.time(),
        "begun": time.time(),
        "due": time.time() + call.countdown if call.countdown else 0.0,
    }
    options: dict[str, Any] = {}
    match call.sort:
        case Sort.LANE:
            # One submitter submits to a lane, so that its order is beyond doubt.
            options["lane"] = line["lane"] = f"lane-{share.number}-{call.key}"
            line["place"] = place
        case Sort.UNIQUE:
            options["unique"] = line["unique"] = f"unique-{call.key}"
        case Sort.DELAYED:
            options["countdown"] = call.countdown
        case Sort.TWIN:
            options["idempotency_key"] = line["unique"] = f"twin-{line['key']}"
    with _transaction(call.sort):
        line |= _send(call, str(line["key"]), options)
        tables.note_submission(line)
        _roll_back(call.sort)
    if call.sort == Sort.TWIN:
        with transaction.atomic():
            again = _send(call, str(line["key"]), options)
            tables.note_submission(line | again | {"key": f"{line['key']}-again"})
        line["again"] = again["job"]
    return line


def _send(call: Call, key: str, options: dict[str, Any]) -> dict[str, Any]:
    """Submit what `call` says; returns its job, and those that come with it."""
    match call.sort:
        case Sort.PLAIN:
            return {"job": workload.plain.apply_async((key, call.work), **options).id}
        case Sort.RETRY:
            return {"job": workload.flaky.apply_async((key, call.work, call.fails), **options).id}
        case Sort.CHAIN:
            return _send_chain(call, key)
        case Sort.BATCH:
            return _send_batch(call, key)
    return {"job": workload.exact.apply_async((key, call.work, call.fails), **options).id}


def _send_chain(call: Call, key: str) -> dict[str, Any]:
    """Three steps: each must have done its work before the next begins."""
    keys = [key, *(f"{key}/{number}" for number in (1, 2))]
    last = chain(workload.exact.si(one, call.work) for one in keys).apply_async()
    ids = [last.parent.parent.id, last.parent.id, last.id]
    more = [{"key": keys[n], "job": ids[n], "after": [ids[n - 1]]} for n in (1, 2)]
    return {"job": ids[0], "more": more}


def _send_batch(call: Call, key: str) -> dict[str, Any]:
    """Four members, and a callback that must come once, when they are done."""
    keys = [key, *(f"{key}/{number}" for number in (1, 2, 3))]
    end = f"{key}/end"
    with batch(key, on_finish=workload.closing.si(end)) as members:
        ids = members.submit_many(workload.exact, [((one, call.work), {}) for one in keys])
    more = [{"key": one, "job": id} for one, id in zip(keys[1:], ids[1:], strict=True)]
    return {"job": ids[0], "more": [*more, {"key": end, "job": end, "after": ids}]}


@contextmanager
def _transaction(sort: Sort) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except _OnPurpose:
        pass


def _roll_back(sort: Sort) -> None:
    if sort == Sort.ROLLED_BACK:
        raise _OnPurpose
