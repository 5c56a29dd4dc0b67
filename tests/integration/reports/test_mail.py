from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail

from reports.models import Report
from reports.operations import mail_is_set_up, mail_report, write_report
from tests.integration.reports.report_jobs import DAY, GREENWICH, NEXT_DAY, NOON, failure, job

pytestmark = pytest.mark.django_db
PEOPLE = ["aki@example.com", "bo@example.com"]


def report(now=NEXT_DAY):
    return write_report(DAY, now=now, zone=GREENWICH)


def test_the_mail_has_text_html_and_the_csv(settings):
    settings.PUBLIC_URL = "https://jobs.example.com"
    job()
    failure(message="<注文> 失敗", kind="OrderError")
    made = report()
    assert mail_report(made, PEOPLE, NEXT_DAY)
    (sent,) = mail.outbox
    assert sent.to == PEOPLE
    assert sent.subject == "Jobs on 2026-03-29: 50 % succeeded, 1 failed"
    assert "1 x OrderError in shop.pay\n    <注文> 失敗" in sent.body
    assert "https://jobs.example.com/reports/2026-03-29/" in sent.body
    html, kind = sent.alternatives[0]
    assert kind == "text/html"
    assert "&lt;注文&gt; 失敗" in html
    assert sent.attachments[0] == ("jobs-2026-03-29.csv", made.csv, "text/csv")


def test_a_report_is_sent_once_by_whoever_comes_first():
    first, stale = report(), Report.objects.get()
    assert mail_report(first, PEOPLE, NEXT_DAY)
    assert not mail_report(stale, PEOPLE, NEXT_DAY)
    assert len(mail.outbox) == 1
    assert Report.objects.get().mailed_at == NEXT_DAY


def test_making_a_report_again_does_not_send_it_again():
    mail_report(report(), PEOPLE, NEXT_DAY)
    assert not mail_report(report(), PEOPLE, NEXT_DAY)
    assert len(mail.outbox) == 1


def test_a_mail_that_cannot_be_sent_may_be_sent_later(monkeypatch):
    made = report()

    def fail(*_):
        raise SMTPServerDisconnected

    with monkeypatch.context() as patch:
        patch.setattr(mail.EmailMultiAlternatives, "send", fail)
        with pytest.raises(SMTPServerDisconnected):
            mail_report(made, PEOPLE, NEXT_DAY)
    assert Report.objects.get().mailed_at is None
    assert mail_report(made, PEOPLE, NEXT_DAY)


def test_a_day_that_is_not_over_is_not_sent():
    assert not mail_report(report(now=NOON), PEOPLE, NOON)
    assert mail.outbox == []


def test_a_report_is_not_sent_to_nobody():
    assert not mail_report(report(), [], NEXT_DAY)
    assert Report.objects.get().mailed_at is None


@pytest.mark.parametrize(
    ("host", "people", "ready"),
    [("", PEOPLE, False), ("mail.example.com", [], False), ("mail.example.com", PEOPLE, True)],
)
def test_mail_is_set_up_with_a_server_and_people(settings, host, people, ready):
    settings.EMAIL_HOST, settings.HACHI_REPORT_RECIPIENTS = host, people
    assert mail_is_set_up() is ready
