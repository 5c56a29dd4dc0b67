"""Indexed pages: search them, and ask for one more."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs.errors import HachiError
from jobs.queries.pages import search_pages
from jobs.tasks.pages import submit_index
from jobs.web.access import asked_by, signed_in
from jobs.web.forms import IndexForm, SearchForm


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def list_pages(request: HttpRequest) -> HttpResponse:
    index = IndexForm(request.POST if request.method == "POST" else None)
    if index.is_valid():
        try:
            return redirect("job", submit_index(index.cleaned_data["url"], by=asked_by(request)))
        except HachiError as error:
            index.add_error("url", str(error))
    search = SearchForm(request.GET)
    search.is_valid()
    text, start = search.cleaned_data.get("q", ""), search.cleaned_data.get("start") or 0
    context = {
        "index": index,
        "search": search,
        "text": text,
        "result": search_pages(text, start=start),
    }
    return render(request, "jobs/pages.html", context, status=422 if index.errors else 200)
