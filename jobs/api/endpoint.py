"""The one decorator of every view: method, token, errors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from jobs.api import errors
from jobs.api.errors import ApiError
from jobs.operations.tokens import authenticate

View = Callable[..., HttpResponseBase]

WITHOUT_ONE = (
    "Send a token in the header, as in Authorization: Bearer hachi_... "
    "An administrator makes one with: manage.py token create NAME."
)
UNKNOWN_ONE = "The token is not known, or it was revoked. Ask an administrator for a new one."


def endpoint(*methods: str) -> Callable[[View], View]:
    """A view for programs with a token: called with the request, `by` ("token:NAME") and the path.

    Cookies are not looked at, so there is nothing for a forged request to ride on.
    """

    def decorate(view: View) -> View:
        def with_token(request: HttpRequest, **path: Any) -> HttpResponseBase:
            return view(request, by=_caller(request), **path)

        return open_endpoint(*methods)(wraps(view)(with_token))

    return decorate


def open_endpoint(*methods: str) -> Callable[[View], View]:
    """A view for everybody; without methods it takes them all."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, **path: Any) -> HttpResponseBase:
            try:
                _require_method(request, methods)
                response = view(request, **path)
            except Exception as error:  # noqa: BLE001 - a program gets JSON whatever happens
                return errors.answer(error)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    return decorate


def _require_method(request: HttpRequest, methods: tuple[str, ...]) -> None:
    allowed = [*methods, *(["HEAD"] if "GET" in methods else [])]
    if allowed and request.method not in allowed:
        works = f"{' and '.join(methods)} {'does' if len(methods) == 1 else 'do'}"
        error = ApiError(
            405,
            "method_not_allowed",
            f"{request.method} does not work here: {works}.",
        )
        error.headers["Allow"] = ", ".join(allowed)
        raise error


def _caller(request: HttpRequest) -> str:
    scheme, _, raw = request.headers.get("Authorization", "").strip().partition(" ")
    token = authenticate(raw.strip(), timezone.now()) if scheme.lower() == "bearer" else None
    if token is None:
        error = ApiError(401, "unauthorized", UNKNOWN_ONE if raw else WITHOUT_ONE)
        error.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if raw else "Bearer"
        raise error
    return f"token:{token.name}"
