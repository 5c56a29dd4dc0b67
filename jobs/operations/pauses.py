"""Pause and resume a queue, a task or a lane: durable, with who, why and until when."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from jobs.models import Job, Pause
from jobs.states import State, WaitingFor


@transaction.atomic
def pause(
    kind: str,
    value: str,
    *,
    by: str,
    reason: str = "",
    until: datetime | None = None,
    now: datetime,
) -> Pause:
    """Let no job of it start until it is resumed or `until` comes. What runs goes on."""
    row, _ = Pause.objects.update_or_create(
        kind=kind,
        value=value,
        defaults={"paused_by": by, "reason": reason, "until": until, "created_at": now},
    )
    hold()
    return row


@transaction.atomic
def resume(kind: str, value: str, *, now: datetime) -> list[Job]:
    """End a pause. Returns the jobs that are queued by it, to be published."""
    Pause.objects.filter(kind=kind, value=value).delete()
    return let_go(now=now)


def end_pauses(*, now: datetime) -> int:
    """End the pauses whose time has come; returns how many."""
    over = Pause.objects.filter(until__lte=now)
    return over.delete()[0] if over.exists() else 0  # no write lock for nothing


def hold(*, limit: int = 1_000) -> int:
    """Queued jobs that a pause concerns and nobody has claimed → scheduled; at most `limit`.

    A claim looks at the pauses itself, so that none of the others starts meanwhile.
    """
    paused = _paused()
    if paused is None:
        return 0
    waiting = Job.objects.unclaimed()
    ids = list(waiting.filter(paused).values_list("id", flat=True)[:limit])
    if not ids:
        return 0
    return waiting.filter(id__in=ids).update(state=State.SCHEDULED, waiting_for=WaitingFor.PAUSE)


def paused_of(worker: str) -> list[str]:
    """What `worker` has claimed and a pause concerns since."""
    concerns = Pause.objects.filter(
        Q(kind=Pause.Kind.QUEUE, value=OuterRef("queue"))
        | Q(kind=Pause.Kind.TASK, value=OuterRef("task"))
        | Q(kind=Pause.Kind.LANE, value=OuterRef("lane"))
    )
    claimed = Job.objects.held_by(worker, State.QUEUED)
    return list(claimed.filter(Exists(concerns)).values_list("id", flat=True))


def let_go(*, now: datetime, limit: int = 1_000) -> list[Job]:
    """At most `limit` jobs that no pause concerns any more → queued, and to be published."""
    held = Job.objects.paused()
    paused = _paused()
    free = held.exclude(paused) if paused is not None else held
    ids = list(free.order_by("-priority", "created_at", "id").values_list("id", flat=True)[:limit])
    if not ids:
        return []
    with transaction.atomic():
        held.filter(id__in=ids).update(state=State.QUEUED, waiting_for="", published_at=now)
        queued = Job.objects.filter(id__in=ids, state=State.QUEUED)
        return list(queued.order_by("-priority", "created_at", "id"))


def _paused() -> Q | None:
    """What a job must be like to be paused; None if nothing is."""
    condition = None
    for kind, value in Pause.objects.values_list("kind", "value"):
        one = Q(**{kind: value})
        condition = one if condition is None else condition | one
    return condition
