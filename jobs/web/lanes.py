"""Change a lane's width and rate, from the pages that show its jobs."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from jobs.engine.actions import job_actions
from jobs.errors import HachiError
from jobs.web.access import asked_by, signed_in
from jobs.web.forms import LaneForm
from jobs.web.pauses import back, refused


@signed_in
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    form = LaneForm(request.POST)
    if not form.is_valid():
        return refused(request, form)
    key = form.cleaned_data["lane"]
    try:
        job_actions.change_lane(key, by=asked_by(request), **form.limits())
    except HachiError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Lane {key} is changed, for the jobs that wait in it too.")
    return redirect(back(request))
