"""Batches: make, show, add to, close, cancel, retry."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from jobs.api.answers import absolute, accepted, moment
from jobs.api.batch_payloads import new_batch, new_members
from jobs.api.bodies import read_json
from jobs.api.endpoint import endpoint
from jobs.api.errors import ApiError
from jobs.engine.actions import batch_actions, bulk_actions
from jobs.queries.batches import (
    BatchDetails,
    BatchRow,
    Cause,
    batch_details,
    find_batch,
    list_batches,
)
from jobs.queries.jobs import JobFilter
from jobs.states import State


@endpoint("GET", "POST")
def batches(request: HttpRequest, by: str) -> HttpResponse:
    if request.method == "POST":
        return _create(request, by)
    before = request.GET.get("before", "").replace("\0", "")
    return JsonResponse({"batches": [_line(request, row) for row in list_batches(before=before)]})


@endpoint("GET")
def show(request: HttpRequest, by: str, batch_id: str) -> HttpResponse:
    return JsonResponse(_detail(request, batch_id))


@endpoint("POST")
def add(request: HttpRequest, by: str, batch_id: str) -> HttpResponse:
    find_batch(batch_id)
    ids = batch_actions.add_to_batch(batch_id, new_members(read_json(request)), by=by)
    return JsonResponse({"ids": ids}, status=202)


@endpoint("POST")
def close(request: HttpRequest, by: str, batch_id: str) -> HttpResponse:
    batch_actions.close_batch(batch_id)
    return accepted(_detail(request, batch_id))


@endpoint("POST")
def cancel(request: HttpRequest, by: str, batch_id: str) -> HttpResponse:
    changed = batch_actions.cancel_batch(batch_id, by=by)
    # Cancelling twice is what a program does that got no answer the first time.
    if not changed and find_batch(batch_id).cancel_requested_at is None:
        raise ApiError(409, "already_finished", "The batch has finished already.")
    return accepted(_detail(request, batch_id))


@endpoint("POST")
def retry(request: HttpRequest, by: str, batch_id: str) -> HttpResponse:
    find_batch(batch_id)
    bulk_actions.ask("retry", JobFilter(batch=batch_id, state=State.FAILED), by=by)
    return accepted(_detail(request, batch_id))


def _create(request: HttpRequest, by: str) -> HttpResponse:
    wanted = new_batch(read_json(request))
    id = batch_actions.start_batch(
        wanted.members,
        by=by,
        name=wanted.name,
        idempotency_key=wanted.idempotency_key,
        callbacks=wanted.callbacks,
        keep_open=wanted.open,
    )
    return accepted(_detail(request, id))


def _line(request: HttpRequest, row: BatchRow) -> dict[str, Any]:
    batch, tally = row.batch, row.tally
    return {
        "id": batch.id,
        "url": absolute(request, reverse("api:batch", args=[batch.id])),
        "name": batch.name,
        "state": row.state,
        "open": batch.closed_at is None,
        "requested_by": batch.requested_by,
        "counts": {
            "total": tally.total,
            **{state.value: getattr(tally, state.value) for state in State},
        },
        "created_at": moment(batch.created_at),
        "cancel_requested_at": moment(batch.cancel_requested_at),
        "finished_at": moment(batch.finished_at),
    }


def _detail(request: HttpRequest, id: str) -> dict[str, Any]:
    details: BatchDetails = batch_details(id, timezone.now())
    return {
        **_line(request, details.row),
        "per_second": details.rate,
        "causes": [_cause(cause) for cause in details.causes],
        "callbacks": [
            {"event": one.event, "task": one.task, "job_id": one.job_id if one.state else None}
            for one in details.callbacks
        ],
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "number": cause.number,
        "task": cause.task,
        "type": cause.error_type,
        "message": cause.message,
        "cause": cause.fingerprint,
        "example": cause.example,
    }
