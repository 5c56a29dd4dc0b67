"""Bulk actions: retry, cancel or delete all jobs that match a filter; watch it; stop it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from jobs.api.answers import absolute, accepted, moment
from jobs.api.bodies import read_json
from jobs.api.bulk_payloads import new_bulk_action
from jobs.api.endpoint import endpoint
from jobs.api.errors import ApiError
from jobs.engine.actions import bulk_actions
from jobs.models import BulkAction
from jobs.queries.bulk import find_bulk_action, list_bulk_actions


@endpoint("GET", "POST")
def actions(request: HttpRequest, by: str) -> HttpResponse:
    if request.method == "POST":
        wanted = new_bulk_action(read_json(request))
        action = bulk_actions.ask(wanted.verb, wanted.wanted, by=by)
        return accepted(_detail(request, action))
    rows = list_bulk_actions(timezone.now())
    return JsonResponse({"bulk_actions": [_detail(request, row.action) for row in rows]})


@endpoint("GET")
def show(request: HttpRequest, by: str, action_id: str) -> HttpResponse:
    return JsonResponse(_detail(request, find_bulk_action(action_id)))


@endpoint("POST")
def abort(request: HttpRequest, by: str, action_id: str) -> HttpResponse:
    find_bulk_action(action_id)
    stopped = bulk_actions.abort(action_id, by=by)
    action = find_bulk_action(action_id)
    if not stopped and action.state != "stopped":
        raise ApiError(409, "already_finished", "The bulk action has come to its end already.")
    return accepted(_detail(request, action))


def _detail(request: HttpRequest, action: BulkAction) -> dict[str, Any]:
    return {
        "id": action.id,
        "url": absolute(request, reverse("api:bulk-action", args=[action.id])),
        "verb": action.verb,
        "filter": action.wanted,
        "state": action.state,
        "asked_by": action.asked_by,
        "asked_at": moment(action.asked_at),
        "expected": action.expected,
        "matched": action.matched,
        "done": action.done,
        "skipped": action.skipped,
        "finished_at": moment(action.finished_at),
        "error": action.error,
    }
