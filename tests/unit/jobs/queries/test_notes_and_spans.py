"""A job in a word or two, and how spans, moments and numbers are spelled."""

from datetime import timedelta

import pytest

from jobs.queries.sentences import ago, clock, count_of, note, spell
from tests.unit.jobs.queries.sentence_rows import NOW, earlier, job, later


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (job("scheduled", waiting_for="time", run_at=later(180)), "in 3 min"),
        (job("scheduled", waiting_for="retry", run_at=later(40)), "again in 40 s"),
        (job("scheduled", waiting_for="time", run_at=earlier(1)), "in a moment"),
        (job("scheduled", waiting_for="lane", lane="order-17"), "waits in lane order-17"),
        (job("scheduled", waiting_for="rate", lane="host", run_at=later(2)), "in 2 s"),
        (job("scheduled", waiting_for="pause", run_at=earlier(300)), "paused"),
        (job("scheduled", waiting_for="successor"), "waits for what replaced it"),
        (job("queued", run_at=earlier(12)), "ready for 12 s"),
        (job("running", started_at=earlier(3)), "for 3 s"),
        (job("succeeded", started_at=earlier(0.4), finished_at=NOW), "took 0.4 s"),
        (job("failed", started_at=earlier(2), finished_at=NOW), "after 2 s"),
        (job("cancelled", finished_at=NOW), "never ran"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_the_note_is_short(row, expected):
    assert note(row, NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.042, "42 ms"),
        (0.4, "0.4 s"),
        (3, "3 s"),
        (9.97, "10 s"),
        (59.4, "59 s"),
        (59.9, "1 min"),
        (61, "1 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (3 * 86400, "3 days"),
    ],
)
def test_a_span_is_spelled_as_one_says_it(seconds, words):
    assert spell(timedelta(seconds=seconds)) == words


def test_what_counts_up_has_whole_seconds():
    assert ago(earlier(3.7), NOW) == "3 s"


def test_a_moment_of_another_day_says_which(settings):
    settings.TIME_ZONE = "UTC"

    assert clock(later(60), NOW) == "14:03"
    assert clock(later(86400), NOW) == "14:02 on 5 Mar"
    assert clock(later(400 * 86400), NOW) == "14:02 on 8 Apr 2027"


def test_numbers_agree_with_their_nouns():
    assert (count_of(1, "job"), count_of(1200, "job")) == ("1 job", "1,200 jobs")
