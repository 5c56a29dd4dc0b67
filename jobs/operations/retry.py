"""Retry by a person: a finished job goes back into the queue."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Length

from jobs.models import Job
from jobs.operations.batches import reopen
from jobs.operations.statements import update_many
from jobs.operations.unique import holders
from jobs.states import FINAL, State

#: One statement carries so many messages, or so many characters of them.
_MOST_ROWS = 200
_MOST_CHARACTERS = 4_000_000


@transaction.atomic
def retry(ids: Collection[str], *, by: str, now: datetime) -> list[Job]:
    """Queue those of `ids` that are finished and have a message to run, with all retries to come.

    Returns the rows, the oldest first: the queued ones are to be published, those of lanes wait to
    be admitted. A batch that had finished is at work again.

    One that was unique while it waited or was unfinished takes its key again, and is left as it is
    if another job has that: `taken_keys` tells which.

    What happened before stays: attempts go on counting, and their rows and log lines are kept.
    """
    finished = Job.objects.select_for_update().filter(id__in=ids, state__in=FINAL)
    sizes = finished.order_by("created_at", "id").values_list("id", Length("message"), "batch_id")
    found = list(sizes)
    if batches := {batch for *_, batch in found if batch}:
        reopen(batches)
    retried: list[Job] = []
    for some in _portions((id, size) for id, size, _ in found):
        retried += _retry(some, by, now)
    return retried


def _portions(sizes: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    """Ids in the order they came, in statements of bounded size."""
    portion: list[str] = []
    characters = 0
    for id, size in sizes:
        if portion and (len(portion) == _MOST_ROWS or characters + size > _MOST_CHARACTERS):
            yield portion
            portion, characters = [], 0
        portion.append(id)
        characters += size
    if portion:
        yield portion


def _retry(ids: Collection[str], by: str, now: datetime) -> list[Job]:
    rows = Job.objects.filter(id__in=ids).order_by("created_at", "id").values_list("id", "message")
    messages = {id: message for id, message in rows if _can_run(message)}
    while True:
        keys, taken = _keys_of(messages)
        free = {id: message for id, message in messages.items() if id not in taken}
        try:
            with transaction.atomic():
                _queue_again(free, keys, by, now)
        except IntegrityError:  # somebody has just taken one of the keys
            continue
        return list(Job.objects.filter(id__in=free).order_by("created_at", "id").defer("result"))


def _queue_again(
    messages: Mapping[str, str], keys: Mapping[str, str], by: str, now: datetime
) -> None:
    _clear_the_way(messages.values())
    update_many(
        columns={"id": "text", "message": "text", "key": "text"},
        rows=[(id, _from_the_start(text), keys.get(id, "")) for id, text in messages.items()],
        set_=_AGAIN,
        where="jobs_job.id = v.id AND jobs_job.state IN ('succeeded', 'failed', 'cancelled')",
        params=[now, now, by[:150], by[:150]],
    )


def taken_keys(ids: Collection[str]) -> dict[str, str]:
    """Those of `ids` that cannot run again for now: another job has their unique key; which one."""
    rows = Job.objects.filter(id__in=ids, state__in=FINAL).values_list("id", "message")
    return _keys_of(dict(rows))[1]


def _keys_of(messages: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The unique keys that jobs take again; and who has theirs, of those that cannot.

    Of two with one key the first takes it.
    """
    asked = {id: key for id, text in messages.items() if (key := _unique_key(text))}
    owners = holders(set(asked.values()))
    keys, taken = {}, {}
    for id, key in asked.items():
        if owners.setdefault(key, id) == id:
            keys[id] = key
        else:
            taken[id] = owners[key]
    return keys, taken


def _unique_key(message: str) -> str:
    return str(json.loads(message).get("headers", {}).get("unique_key") or "")


#: A job of a lane takes its turn again, at the place that its age gives it. Its chord has counted
#: it already.
_AGAIN = (
    "message = v.message, in_turn = FALSE, chord = '', crashes = 0, worker = '', result = '', "
    "state = CASE WHEN lane = '' THEN 'queued' ELSE 'scheduled' END, "
    "waiting_for = CASE WHEN lane = '' THEN '' ELSE 'lane' END, "
    "error_type = '', error_message = '', error_fingerprint = '', "
    "claimed_at = NULL, started_at = NULL, finished_at = NULL, "
    "cancel_requested_at = NULL, expires_at = NULL, run_at = %s, published_at = %s, "
    "unique_key = CASE WHEN v.key = '' THEN unique_key ELSE v.key END, "
    "requested_by = CASE WHEN %s = '' THEN requested_by ELSE %s END"
)


def _can_run(message: str) -> bool:
    """Whether there is anything to run: the rest of a broken chain and garbage have no message."""
    content = json.loads(message)
    whole = content.get("content-type", "application/json") is not None
    return whole and bool(content.get("headers", {}).get("task"))


def _clear_the_way(messages: Iterable[str]) -> None:
    """Take away the rows of chain steps that never ran: they will be submitted again."""
    if steps := [step for message in messages for step in _chained(message)]:
        Job.objects.filter(id__in=steps, state=State.FAILED, error_type="UpstreamFailed").delete()


def _chained(message: str) -> list[str]:
    try:
        _, _, embed = json.loads(json.loads(message)["body"])
        return [step["options"]["task_id"] for step in embed.get("chain") or []]
    except (ValueError, TypeError, KeyError, AttributeError):
        return []  # not a body of ours: it has no chain


def _from_the_start(message: str) -> str:
    """The message with Celery's count of retries and its expiry taken back."""
    content = json.loads(message)
    content["headers"] |= {"retries": 0, "expires": None}
    return json.dumps(content)
