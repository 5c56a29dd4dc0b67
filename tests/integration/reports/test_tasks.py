from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from reports import tasks
from reports.errors import BadDay, FutureDay, ReportNotFound
from reports.models import Report
from tests.integration.reports.report_jobs import DAY, failure, job

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailed(monkeypatch, settings):
    """The days whose mail was submitted, with mail set up."""
    settings.EMAIL_HOST, settings.HACHI_REPORT_RECIPIENTS = "mail.example.com", ["a@example.com"]
    days = []
    monkeypatch.setattr(tasks.mail_daily_report, "delay", lambda day: days.append(day))
    return days


def test_the_task_reports_on_the_day_it_is_given(settings):
    settings.PUBLIC_URL = ""
    job(), failure()
    answer = tasks.generate_daily_report.run(day="2026-03-29")
    assert answer == {"day": "2026-03-29", "jobs": 2, "url": "/reports/2026-03-29/"}
    assert Report.objects.get().day == DAY


def test_without_a_day_it_reports_on_yesterday():
    answer = tasks.generate_daily_report.run()
    assert answer["day"] == (timezone.localdate() - timedelta(days=1)).isoformat()


def test_a_run_that_comes_late_reports_on_the_night_it_was_due(settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    midnight = datetime(2026, 3, 29, 15, tzinfo=UTC)
    late = job(schedule="Daily report", tick=midnight, created_at=midnight + timedelta(days=2))
    tasks.generate_daily_report.push_request(id=late.id)
    try:
        assert tasks.generate_daily_report.run()["day"] == "2026-03-29"
    finally:
        tasks.generate_daily_report.pop_request()


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "昨日", "2026-3-1"])
def test_what_is_no_day_is_refused_in_words(day):
    with pytest.raises(BadDay, match="Write it as 2026-03-29"):
        tasks.generate_daily_report.run(day=day)


def test_a_day_to_come_is_refused():
    with pytest.raises(FutureDay):
        tasks.generate_daily_report.run(day="9999-12-31")


def test_the_mail_is_a_job_of_its_own(mailed):
    tasks.generate_daily_report.run(day="2026-03-29")
    assert mailed == ["2026-03-29"]


def test_nothing_is_mailed_where_mail_is_not_set_up(mailed, settings):
    settings.EMAIL_HOST = ""
    tasks.generate_daily_report.run(day="2026-03-29")
    assert mailed == []


def test_a_day_so_far_is_not_mailed(mailed):
    tasks.generate_daily_report.run(day=timezone.localdate().isoformat())
    assert mailed == []


def test_a_report_that_was_mailed_is_not_mailed_again(mailed):
    tasks.generate_daily_report.run(day="2026-03-29")
    Report.objects.update(mailed_at=timezone.now())
    tasks.generate_daily_report.run(day="2026-03-29")
    assert len(mailed) == 1


def test_the_mail_task_sends_the_report_once(mailed):
    tasks.generate_daily_report.run(day="2026-03-29")
    assert tasks.mail_daily_report.run(day="2026-03-29") is True
    assert tasks.mail_daily_report.run(day="2026-03-29") is False
    assert len(mail.outbox) == 1


def test_there_is_nothing_to_mail_without_a_report(mailed):
    with pytest.raises(ReportNotFound, match="2026-03-29"):
        tasks.mail_daily_report.run(day="2026-03-29")


def test_only_trouble_with_mail_is_tried_again():
    assert tasks.mail_daily_report.autoretry_for == (OSError,)
    assert tasks.mail_daily_report.max_retries == tasks.MAIL_RETRIES
    assert not issubclass(ReportNotFound, OSError)


def test_both_tasks_have_names_that_do_not_depend_on_their_module():
    assert tasks.generate_daily_report.name == "reports.generate_daily_report"
    assert tasks.mail_daily_report.name == "reports.mail_daily_report"


def test_days_are_given_as_text_so_that_a_message_can_carry_them():
    assert date.fromisoformat(tasks.generate_daily_report.run(day="2026-03-29")["day"]) == DAY
