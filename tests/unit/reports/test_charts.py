from datetime import date
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from reports.build.charts import distribution_chart, hourly_chart, round_up
from reports.build.day import Day
from reports.build.distribution import Bucket
from reports.build.facts import Hour, Outcomes

SVG = "{http://www.w3.org/2000/svg}"
BERLIN = ZoneInfo("Europe/Berlin")


def drawn(text):
    return ElementTree.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


def hours_of(day, **outcomes):
    return [Hour(start, 5, Outcomes(**outcomes)) for start in Day.on(day, BERLIN).hours()]


@pytest.mark.parametrize(
    ("day", "bars"), [(date(2026, 3, 29), 23), (date(2026, 3, 30), 24), (date(2026, 10, 25), 25)]
)
def test_there_is_a_bar_for_every_hour_that_the_day_has(day, bars):
    chart = drawn(hourly_chart(hours_of(day, succeeded=3)))
    assert len(chart.findall(f"{SVG}g")) == bars


def test_bars_of_one_hour_stand_on_each_other_and_in_the_picture():
    chart = drawn(hourly_chart(hours_of(date(2026, 7, 1), succeeded=900, failed=1, cancelled=40)))
    _, *stack = chart.find(f"{SVG}g").findall(f"{SVG}rect")
    assert [bar.get("class") for bar in stack] == ["failed", "cancelled", "succeeded"]
    tops = [float(bar.get("y")) for bar in stack]
    ends = [float(bar.get("y")) + float(bar.get("height")) for bar in stack]
    assert ends[1:] == pytest.approx(tops[:-1], abs=0.11)
    assert all(float(bar.get("height")) >= 1.5 for bar in stack)
    assert min(tops) >= 0


def test_the_chart_says_in_words_what_it_shows():
    hours = hours_of(date(2026, 10, 25), succeeded=3)
    hours[2].outcomes.succeeded = 1200
    chart = drawn(hourly_chart(hours))
    told = chart.find(f"{SVG}desc")
    assert "25 hours" in told.text
    assert "02:00 CEST: 1,200 succeeded" in told.text
    assert told.get("id") in chart.get("aria-labelledby")
    assert chart.get("role") == "img"


def test_a_day_without_jobs_has_no_chart():
    hours = [Hour(start) for start in Day.on(date(2026, 7, 1), BERLIN).hours()]
    assert hourly_chart(hours) == hourly_chart([]) == distribution_chart("runs", "Runs", []) == ""


def test_words_in_a_chart_are_escaped():
    chart = distribution_chart("runs", "<b>実行</b>", [Bucket("> 1 & more", 3)])
    assert drawn(chart).find(f"{SVG}title").text == "<b>実行</b>"
    assert drawn(chart).find(f".//{SVG}text").text == "> 1 & more"


@pytest.mark.parametrize(
    ("count", "top"), [(1, 1), (2, 2), (3, 4), (9, 10), (10, 10), (11, 20), (999, 1000)]
)
def test_an_axis_ends_at_a_number_that_divides_well(count, top):
    assert round_up(count) == top
