"""Who may see the pages: people who have signed in."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def signed_in(view: View[P]) -> View[P]:
    """Send strangers to the login; a fragment that asks sends its whole page there."""

    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if from_htmx(request):
            return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
        return redirect_to_login(request.get_full_path())

    update_wrapper(checked, view)
    return checked


def from_htmx(request: HttpRequest) -> bool:
    """Whether a fragment asks, not a whole page."""
    details: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # by its middleware
    return bool(details)


def asked_by(request: HttpRequest) -> str:
    """The name under which what this person does is recorded."""
    return request.user.get_username()
