"""When the database does not answer: one plain page, 503, that needs no database itself."""

import logging
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.views.defaults import server_error

from jobs.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 5
_AWAY = (OperationalError, InterfaceError, DatabaseUnavailable)


class OutageMiddleware:
    """Answers for views that found no database."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _outage(request, error) if isinstance(error, _AWAY) else None


def broken(request: HttpRequest) -> HttpResponse:
    """handler500: what no view raised, but a session that could not be saved."""
    error = sys.exc_info()[1]
    return _outage(request, error) if isinstance(error, _AWAY) else server_error(request)


def _outage(request: HttpRequest, error: BaseException) -> HttpResponse:
    logger.warning("%s answers 503: %s", request.path, error)
    # Without the request: what templates know of it (who has signed in) stands in the database.
    response = HttpResponse(render_to_string("503.html"), status=503)
    response.headers["Retry-After"] = str(_RETRY_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response
