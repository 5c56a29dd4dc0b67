from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from jobs.errors import DatabaseUnavailable
from jobs.models import Job
from reports import tasks
from reports.operations import write_report
from tests.integration.reports.report_jobs import DAY, GREENWICH, NEXT_DAY, failure, job

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("aki", password="x"))
    return client


def written(day=DAY):
    return write_report(day, now=NEXT_DAY, zone=GREENWICH)


@pytest.mark.parametrize("path", ["/reports/", "/reports/2026-03-29/", "/reports/2026-03-29.csv"])
def test_a_stranger_is_sent_to_the_login(client, path):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"?next={path}")


def test_the_list_is_newest_first(visitor):
    for back in (3, 1, 2):
        written(DAY - timedelta(days=back))
    text = visitor.get("/reports/").content.decode()
    places = [text.index(f'/reports/2026-03-2{n}/"') for n in (8, 7, 6)]
    assert places == sorted(places)


def test_the_list_has_pages(visitor, monkeypatch):
    monkeypatch.setattr("reports.queries.PER_PAGE", 2)
    for back in range(3):
        written(DAY - timedelta(days=back))
    assert "2026-03-27" not in visitor.get("/reports/").content.decode()
    assert "2026-03-27" in visitor.get("/reports/?page=2").content.decode()
    assert visitor.get("/reports/?page=none").status_code == 200


def test_the_list_does_not_read_the_documents(visitor, django_assert_num_queries):
    written()
    with django_assert_num_queries(5) as seen:
        visitor.get("/reports/")
    assert not any('"html"' in query["sql"] for query in seen.captured_queries)


def test_an_empty_list_says_so(visitor):
    assert "No report has been made yet." in visitor.get("/reports/").content.decode()


def test_a_report_is_shown_with_its_charts_and_its_neighbours(visitor):
    job(), failure(message="<注文>")
    written(DAY - timedelta(days=1)), written(), written(date(2026, 3, 30))
    text = visitor.get("/reports/2026-03-29/").content.decode()
    assert "Report of 2026-03-29" in text
    assert text.count('class="report-chart ') == 3
    assert "&lt;注文&gt;" in text
    assert "/reports/2026-03-28/" in text
    assert "/reports/2026-03-30/" in text


def test_a_job_in_a_report_is_a_link_to_its_page(visitor):
    failed = failure(error_fingerprint="f00")
    written()
    page = visitor.get("/reports/2026-03-29/").content.decode()
    assert f'href="{reverse("job", args=[failed.id])}"' in page
    assert f'href="{reverse("jobs")}?state=failed&amp;cause=f00"' in page


@pytest.mark.parametrize(
    "day", ["2026-02-30", "2026-3-9", "20260329", "０２０２-０３-２９", "0000-01-01", "x"]
)
def test_what_is_no_day_is_not_found(visitor, day):
    assert visitor.get(f"/reports/{day}/").status_code == 404


def test_a_day_without_a_report_offers_to_make_it(visitor):
    text = visitor.get("/reports/2026-01-01/").content.decode()
    assert "No report of 2026-01-01" in text
    assert 'name="day" value="2026-01-01"' in text


def test_a_day_to_come_is_not_offered(visitor):
    text = visitor.get("/reports/9999-12-31/").content.decode()
    assert "has not begun yet" in text
    assert 'name="day"' not in text


def test_asking_for_a_day_submits_a_job_and_goes_to_its_page(visitor):
    answer = visitor.post("/reports/", {"day": "2026-01-01"})
    job = Job.objects.get()
    assert (job.task, job.requested_by) == ("reports.generate_daily_report", "aki")
    assert '"day": "2026-01-01"' in job.message.replace("\\", "")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("job", args=[job.id])


@pytest.mark.parametrize("day", ["", "x", "2026-02-30", "1969-12-31", "9999-12-31"])
def test_asking_for_what_is_no_day_submits_nothing(visitor, day):
    answer = visitor.post("/reports/", {"day": day})
    assert answer.status_code == 422
    assert not Job.objects.exists()
    assert 'role="alert"' in answer.content.decode()


def test_today_may_be_asked_for(visitor):
    assert visitor.post("/reports/", {"day": timezone.localdate().isoformat()}).status_code == 302


def test_a_job_that_is_refused_says_why(visitor, monkeypatch):
    def refuse(*_, **__):
        raise DatabaseUnavailable

    monkeypatch.setattr(tasks.generate_daily_report, "apply_async", refuse)
    answer = visitor.post("/reports/", {"day": "2026-01-01"})
    assert answer.status_code == 422
    assert "The job was not accepted" in answer.content.decode()


def test_asking_needs_a_csrf_token(visitor):
    visitor.handler.enforce_csrf_checks = True
    assert visitor.post("/reports/", {"day": "2026-01-01"}).status_code == 403
    assert not Job.objects.exists()


def test_the_csv_is_a_download_with_a_name(visitor):
    report = written()
    answer = visitor.get("/reports/2026-03-29.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="jobs-2026-03-29.csv"'
    assert answer.content.decode("utf-8") == report.csv


def test_there_is_no_csv_of_a_day_without_a_report(visitor):
    assert visitor.get("/reports/2026-01-01.csv").status_code == 404


def test_the_admin_shows_reports_but_edits_none(admin_client):
    report = written()
    assert admin_client.get("/admin/reports/report/").status_code == 200
    page = admin_client.get(f"/admin/reports/report/{report.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert admin_client.get("/admin/reports/report/add/").status_code == 403
