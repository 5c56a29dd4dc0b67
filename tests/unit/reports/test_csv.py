import csv
from datetime import date, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from reports.build.csv import HEADER, csv_of, guarded
from reports.build.day import Day
from reports.build.schedules import schedule_facts
from reports.build.tally import Tally
from tests.unit.reports.report_rows import NOON, Row, Schedule


def table_of(rows=(), *, day=date(2026, 7, 1), zone="Asia/Tokyo", schedules=()):
    tally = Tally(Day.on(day, ZoneInfo(zone)))
    tally.add_finished(rows)
    facts = tally.facts(
        made_at=NOON + timedelta(days=1), thinned=False, schedules=schedule_facts(schedules, [])
    )
    header, *lines = csv.reader(StringIO(csv_of(facts)))
    assert tuple(header) == HEADER
    return {tuple(line[1:4]): line[4] for line in lines}


def test_the_csv_has_the_exact_numbers():
    table = table_of([Row(finished_at=NOON + timedelta(milliseconds=1234))])
    assert table["day", "", "succeeded"] == "1"
    assert table["day", "", "run p95 seconds"] == "1.234"
    assert table["task", "shop.pay", "run longest seconds"] == "1.234"


def test_what_is_not_known_has_no_line():
    assert ("day", "", "success rate") not in table_of()


def test_hours_carry_their_offset_so_that_none_is_meant_twice():
    table = table_of(day=date(2026, 10, 25), zone="Europe/Berlin")
    hours = [name for section, name, measure in table if (section, measure) == ("hour", "failed")]
    assert len(hours) == len(set(hours)) == 25
    assert {"2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"} <= set(hours)


def test_every_line_names_its_day():
    tally = Tally(Day.on(date(2026, 7, 1), ZoneInfo("UTC")))
    text = csv_of(tally.facts(made_at=NOON, thinned=False, schedules=[]))
    assert {line[0] for line in csv.reader(StringIO(text))} == {"day", "2026-07-01"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_text_that_a_spreadsheet_would_run_is_guarded(start):
    text = f"{start}HYPERLINK()"
    assert guarded(text) == f"'{text}"
    row = Row(state="failed", task=text, error_type="E", error_message=text)
    table = table_of([row])
    assert table["task", f"'{text}", "failed"] == "1"
    assert table["failure", "E", "last message"] == f"'{text}"


def test_numbers_and_plain_text_are_left_as_they_are():
    assert guarded(-1.5) == -1.5
    assert guarded("a=b") == "a=b"


def test_japanese_text_quotes_and_lines_survive():
    message = '注文「2」が失敗しました, "もう一度"\nどうぞ'
    table = table_of([Row(state="failed", error_type="エラー", error_message=message)])
    assert table["failure", "エラー", "last message"] == message


def test_schedules_that_did_not_run_are_listed():
    assert table_of(schedules=[Schedule("毎晩")])["schedule", "毎晩", "runs"] == "0"
