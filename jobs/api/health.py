"""Whether everything is up, for whoever watches the site."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from jobs.api.endpoint import open_endpoint
from jobs.queries.health import OK, health


@open_endpoint("GET")
def show(request: HttpRequest) -> HttpResponse:
    found = health(timezone.now())
    healthy = all(answer == OK for answer in found.checks.values())
    return JsonResponse(
        {
            "status": "ok" if healthy else "unavailable",
            "checks": found.checks,
            "warnings": found.warnings,
        },
        status=200 if healthy else 503,
    )
