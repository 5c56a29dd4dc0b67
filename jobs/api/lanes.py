"""Show the limits of a lane, and change them."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from jobs.api.answers import absolute, moment
from jobs.api.bodies import read_json
from jobs.api.endpoint import endpoint
from jobs.api.turn_payloads import limits
from jobs.engine.actions import job_actions
from jobs.errors import LaneNotFound
from jobs.queries.jobs import LaneRow, find_lane


@endpoint("GET", "PATCH")
def lane(request: HttpRequest, by: str, key: str) -> HttpResponse:
    if request.method == "PATCH":
        _find(key)
        job_actions.change_lane(key, by=by, **limits(read_json(request)))
    return JsonResponse(_detail(request, _find(key)))


def _find(key: str) -> LaneRow:
    row = find_lane(key, timezone.now())
    if row is None:
        raise LaneNotFound(f"There is no lane {key[:100]!r}: the first job that names it makes it.")
    return row


def _detail(request: HttpRequest, row: LaneRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "url": absolute(request, reverse("api:lane", args=[row.key])),
        "width": row.width,
        "rate": row.rate or None,
        "on_the_way": row.on_the_way,
        "waiting": row.waiting,
        "created_at": moment(row.created_at),
        "changed_by": row.changed_by or None,
        "changed_at": moment(row.changed_at),
    }
