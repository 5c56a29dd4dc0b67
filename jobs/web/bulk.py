"""All jobs that match a filter: ask once more before it, show how far it is, stop it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs.engine.actions import bulk_actions
from jobs.errors import BulkActionNotFound, HachiError
from jobs.models import BulkAction
from jobs.queries.bulk import described, list_bulk_actions, number_in_words
from jobs.queries.jobs.bulk import count_matching
from jobs.web.access import asked_by, signed_in
from jobs.web.forms import FilterForm
from jobs.web.live import Board, renewed, section


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """With the filter of the jobs page in the query; a GET counts and asks, a POST begins."""
    verb, form = request.GET.get("verb", ""), FilterForm(request.GET)
    if verb not in BulkAction.Verb.values or not form.is_valid():
        # What cannot be read would not narrow: better nothing than too much.
        return HttpResponseBadRequest("There is no such action, or the filter cannot be read.")
    wanted = form.wanted()
    if request.method == "POST":
        try:
            bulk_actions.ask(verb, wanted, by=asked_by(request))
        except HachiError as error:
            messages.error(request, str(error))
        return redirect("bulk")
    number = count_matching(verb, wanted, asked_at=timezone.now())
    narrowed = request.GET.copy()
    narrowed.pop("verb")
    context = {
        "verb": verb,
        "number": number,
        "counted": number_in_words(number),
        "text": described(verb, wanted),
        "back": f"{reverse('jobs')}?{narrowed.urlencode()}".rstrip("?"),
    }
    return render(request, "jobs/bulk_ask.html", context)


@signed_in
@require_safe
def list_all(request: HttpRequest) -> HttpResponse:
    return render(request, "jobs/bulk.html", {"board": _board(request)})


@signed_in
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return renewed(request, _board(request))


@signed_in
@require_POST
def abort(request: HttpRequest, pk: str) -> HttpResponse:
    try:
        if not bulk_actions.abort(pk, by=asked_by(request)):
            messages.warning(request, "It had come to its end already.")
    except BulkActionNotFound as error:
        raise Http404(str(error)) from error
    return redirect("bulk")


def _board(request: HttpRequest) -> Board:
    context = {"actions": list_bulk_actions(timezone.now())}
    rows = section(request, "actions", "jobs/bulk/rows.html", context)
    return Board(sections=[rows], url=reverse("bulk-live"), every=2)
