import csv
import threading
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.db import connection

from reports.errors import BadDay, DayTooEarly, FutureDay
from reports.models import Report
from reports.operations import write_report
from tests.integration.reports.report_jobs import (
    BERLIN,
    DAY,
    GREENWICH,
    NEXT_DAY,
    NOON,
    TOKYO,
    attempt,
    failure,
    job,
)

pytestmark = pytest.mark.django_db


def write(day=DAY, now=NEXT_DAY, zone=GREENWICH):
    return write_report(day, now=now, zone=zone)


def cells(report):
    return {tuple(row[1:4]): row[4] for row in csv.reader(StringIO(report.csv))}


def test_the_report_counts_the_jobs_of_its_day():
    job(), job(), failure()
    attempt(job(state="cancelled"))
    job(NOON - timedelta(days=1)), job(NOON + timedelta(days=1))
    summary = write().summary
    assert (summary["finished"], summary["succeeded"], summary["failed"]) == (4, 2, 1)
    assert summary["success_rate"] == pytest.approx(2 / 3)
    assert summary["attempts"] == {"retried": 1}
    assert summary["waits"]["p50"] == 0.5
    assert summary["runs"]["p99"] == 1


def test_running_twice_makes_one_report_and_the_second_says_what_is_true_now():
    job()
    first = write()
    job()
    second = write(now=NEXT_DAY + timedelta(hours=1))
    assert Report.objects.count() == 1
    assert second.pk == first.pk
    assert second.summary["finished"] == 2
    assert second.created_at == NEXT_DAY
    assert second.updated_at == NEXT_DAY + timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_running_at_once_makes_one_report():
    job()
    barrier, failed = threading.Barrier(4), []

    def run():
        try:
            barrier.wait()
            write()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Report.objects.get().summary["finished"] == 1


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (TOKYO, date(2026, 3, 29), 24),
        (GREENWICH, date(2026, 3, 29), 24),
    ],
)
def test_the_day_is_the_one_of_the_zone_to_the_microsecond(zone, day, hours):
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    end = start + timedelta(hours=hours)
    tiny = timedelta(microseconds=1)
    for moment in (start - tiny, start, end - tiny, end):
        job(moment)
    report = write(day, now=end + timedelta(days=1), zone=zone)
    table = cells(report)
    in_hours = [name for kind, name, measure in table if (kind, measure) == ("hour", "succeeded")]
    assert len(in_hours) == hours
    assert report.summary["finished"] == 2
    assert (
        table["hour", in_hours[0], "succeeded"] == table["hour", in_hours[-1], "succeeded"] == "1"
    )
    assert f"{hours} hours in {zone.key}" in report.html


def test_a_day_that_is_not_over_is_marked_so_far():
    report = write(now=NOON + timedelta(minutes=1))
    assert report.so_far
    assert "So far:" in report.html
    assert cells(report)["day", "", "complete"] == "no"
    assert not write().so_far


def test_a_day_that_has_not_begun_in_the_zone_is_refused():
    now = datetime(2026, 3, 28, 15, 30, tzinfo=UTC)
    assert write(now=now, zone=TOKYO).so_far
    with pytest.raises(FutureDay, match="2026-03-29 has not begun yet in Europe/Berlin"):
        write(now=now, zone=BERLIN)


@pytest.mark.parametrize("day", [date.min, date(1969, 12, 31)])
def test_a_day_before_there_were_jobs_is_refused(day):
    with pytest.raises(DayTooEarly, match="1970"):
        write(day, zone=TOKYO)


def test_the_last_day_of_the_calendar_is_refused_as_any_future_one():
    with pytest.raises(BadDay):
        write(date.max)


def test_a_day_without_jobs_has_a_report():
    report = write()
    assert report.summary["success_rate"] is None
    assert "No job was submitted or ended on this day." in report.html


def test_once_jobs_are_deleted_the_report_that_counted_them_stays(settings):
    settings.HACHI_KEEP_SUCCEEDED_DAYS = 7
    for _ in range(3):
        job()
    write()
    failure()
    type(job()).objects.filter(state="succeeded").delete()
    late = NEXT_DAY + timedelta(days=8)
    assert write(now=late).summary["finished"] == 3
    assert write(now=NEXT_DAY + timedelta(days=2)).summary["finished"] == 1


def test_a_report_made_after_jobs_may_be_deleted_says_so(settings):
    settings.HACHI_KEEP_SUCCEEDED_DAYS = 7
    assert "Made late:" in write(now=NEXT_DAY + timedelta(days=8)).html
    assert "Made late:" not in write().html


def test_text_of_jobs_is_escaped_and_japanese_survives():
    message = '<script>注文は失敗</script> & "もう一度" 🍜'
    failure(task="店.<b>", message=message, kind="エラー")
    report = Report.objects.get(pk=write().pk)
    assert "<script>" not in report.html
    assert "&lt;script&gt;注文は失敗&lt;/script&gt;" in report.html
    assert "店.&lt;b&gt;" in report.html
    assert report.summary["failures"][0]["message"] == message
    assert cells(report)["failure", "エラー", "last message"] == message


def test_times_in_the_report_are_those_of_its_zone():
    job(NOON, seconds=60, id="noon")
    assert "03-29 20:59:00" in write(zone=TOKYO).html
