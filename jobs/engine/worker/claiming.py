"""Claim what was offered: one UPDATE for a batch; the row decides, never the message."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from kombu.utils.json import dumps

from jobs.engine.broker.message import moment, pack
from jobs.engine.broker.publisher import publish_on_commit
from jobs.engine.pool.request import JobRequest
from jobs.engine.retries.retrying import allowed_attempts
from jobs.engine.worker.notes import Settled
from jobs.models.job import DEFAULT_PRIORITY
from jobs.operations import claim as claims
from jobs.operations.claim import Claimed
from jobs.operations.publish import republish
from jobs.operations.submit import Draft, submit


def claim_offers(
    offers: Sequence[JobRequest], settled: Settled, *, worker: str, now: datetime
) -> None:
    """Sort `offers` into won and lost."""
    requests: dict[str, JobRequest] = {}
    for request in offers:
        if request.id in requests:
            settled.lost.append(request)  # the same message twice in one batch
        else:
            requests[request.id] = request
    won = claims.claim(requests, worker=worker, now=now)
    rest = [requests[id] for id in requests.keys() - {claimed.id for claimed in won}]
    if untracked := [request for request in rest if not request.tracked]:
        won += _adopt(untracked, worker, now)
    stale = claims.messages([c.id for c in won if _is_stale(requests[c.id], c)])
    mine = {claimed.id: claimed for claimed in won}
    for id, request in requests.items():  # as they came: 9 before 0, and first in, first out
        if id not in mine:
            settled.lost.append(request)
            continue
        fresh = request.with_message(stale[id]) if id in stale else request
        fresh.attempt, fresh.suspect = mine[id].attempt + 1, mine[id].suspect
        settled.won.append(fresh)


def leave_to_others(offers: Sequence[JobRequest], *, now: datetime) -> None:
    """This worker is about to stop: put what it fetched back into Redis, as rows."""
    known = claims.existing([request.id for request in offers])
    strangers = [draft_of(r) for r in offers if not r.tracked and r.id not in known]
    publish_on_commit(submit(strangers, now=now))
    publish_on_commit(republish(known, now=now))


def _is_stale(request: JobRequest, claimed: Claimed) -> bool:
    """Whether the row was published again, and perhaps changed, since this message."""
    if request.published is None or claimed.published_at is None:
        return False
    return abs(request.published - claimed.published_at.timestamp()) > 0.001


def _adopt(requests: Sequence[JobRequest], worker: str, now: datetime) -> list[Claimed]:
    """Write rows for messages whose sender wrote none."""
    known = claims.existing([request.id for request in requests])
    strangers = [request for request in requests if request.id not in known]
    if not strangers:
        return []
    if connection.vendor == "postgresql":
        # Redis held their only copy: this commit must last.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO ON")
    return claims.adopt([draft_of(request) for request in strangers], worker=worker, now=now)


def draft_of(request: JobRequest) -> Draft:
    """The row that the sender of a plain Celery message would have written."""
    headers = {k: v for k, v in request.message.headers.items() if k != "redelivered"}
    args, kwargs, embed = request.decode()
    task = request.task
    priority = request.delivery_info.get("priority")
    return Draft(
        id=request.id,
        task=request._type,
        queue=request.delivery_info.get("routing_key") or "celery",
        message=pack(headers, dumps((args, kwargs, embed))),
        priority=min(9, max(0, int(priority))) if priority else DEFAULT_PRIORITY,
        run_at=moment(headers.get("eta")),
        expires_at=moment(headers.get("expires")),
        max_attempts=allowed_attempts(task, headers),
        parent=headers.get("parent_id") or "",
        root=headers.get("root_id") or "",
        group=headers.get("group") or "",
        requested_by="celery client",
    )
