"""The description of the API for programs, and the answer where there is nothing."""

from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse

from jobs.api.endpoint import open_endpoint
from jobs.api.errors import ApiError


@open_endpoint("GET")
def show(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_text(), content_type="application/yaml; charset=utf-8")


@open_endpoint()
def unknown(request: HttpRequest) -> HttpResponse:
    raise ApiError(
        404,
        "not_found",
        "There is nothing at this address. See /api/openapi.yaml for what there is.",
    )


@cache
def _text() -> str:
    return Path(__file__).with_name("openapi.yaml").read_text(encoding="utf-8")
