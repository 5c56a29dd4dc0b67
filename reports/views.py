"""The pages under /reports/."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jobs.errors import HachiError
from jobs.web.access import asked_by, signed_in
from reports.errors import ReportNotFound
from reports.forms import DayForm
from reports.queries import neighbours_of, newest_reports, report_of
from reports.tasks import submit_report


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def list_reports(request: HttpRequest) -> HttpResponse:
    form = DayForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect("job", submit_report(form.cleaned_data["day"], by=asked_by(request)))
        except HachiError as error:
            form.add_error("day", str(error))
    context = {
        "form": form,
        "page": newest_reports(request.GET.get("page")),
        "today": timezone.localdate(),
    }
    return render(request, "reports/list.html", context, status=422 if form.errors else 200)


@signed_in
@require_safe
def show_report(request: HttpRequest, day: date) -> HttpResponse:
    try:
        report = report_of(day)
    except ReportNotFound:
        context = {"day": day, "has_begun": day <= timezone.localdate()}
        return render(request, "reports/missing.html", context)
    context = {"report": report, "day": day, "neighbours": neighbours_of(day)}
    return render(request, "reports/show.html", context)


@signed_in
@require_safe
def download_csv(request: HttpRequest, day: date) -> HttpResponse:
    try:
        report = report_of(day)
    except ReportNotFound as error:
        raise Http404(str(error)) from error
    return HttpResponse(
        report.csv,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="jobs-{day}.csv"'},
    )
