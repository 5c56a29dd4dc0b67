"""Whether everything is up, for whoever watches the site."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from jobs.api.endpoint import open_endpoint
from jobs.queries.health import OK, checks


@open_endpoint("GET")
def show(request: HttpRequest) -> HttpResponse:
    found = checks(timezone.now())
    healthy = all(answer == OK for answer in found.values())
    return JsonResponse(
        {"status": "ok" if healthy else "unavailable", "checks": found},
        status=200 if healthy else 503,
    )
