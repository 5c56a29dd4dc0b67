"""When a host's clock is said to be off, and when not."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.engine.worker.clock import ClockWatch, ahead_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def at(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("asked", "theirs", "answered", "ahead"),
    [
        (10, 3, 10.1, 7),
        (0, 7, 0.5, -6.5),
        (0, 0.2, 0.4, 0),
        (0, 8, 9, 0),  # the answer was slow: they may have looked just before it came
        (9, 0, 19, 9),
    ],
)
def test_a_slow_answer_is_no_difference(asked, theirs, answered, ahead):
    assert ahead_of(at(asked), at(theirs), at(answered)) == pytest.approx(ahead)


class Host:
    """A host whose clock is ahead by `ahead` seconds, looked at each second."""

    def __init__(self):
        self.ahead, self.second, self.asked = 0.0, 0, 0
        self.watch = ClockWatch(most=3, ask=self.ask, here=lambda: at(self.second + self.ahead))

    def ask(self):
        self.asked += 1
        return at(self.second)

    def pass_(self, seconds):
        for _ in range(seconds):
            self.watch.look(float(self.second))
            self.second += 1


@pytest.fixture
def host():
    return Host()


def test_it_is_asked_at_the_start_and_once_a_minute(host):
    host.pass_(1)
    assert host.asked == 1
    host.pass_(180)
    assert host.asked == 4


@pytest.mark.parametrize("ahead", [0, 2.9, -2.9])
def test_a_clock_that_is_nearly_right_is_right(host, ahead, caplog):
    host.ahead = ahead
    host.pass_(100)
    assert host.watch.ahead is None
    assert caplog.records == []


@pytest.mark.parametrize(("ahead", "words"), [(7.21, "7.2 s ahead of"), (-42, "42 s behind")])
def test_a_clock_that_is_off_is_told_by_how_much_until_it_is_right(host, ahead, words, caplog):
    host.ahead = ahead
    host.pass_(1)
    assert host.watch.ahead == round(ahead, 1)
    [error] = caplog.records
    assert error.levelname == "ERROR"
    assert words in error.getMessage()
    assert "NTP" in error.getMessage()
    host.ahead = 0
    host.pass_(60)
    assert host.watch.ahead is None
    assert "agrees with the database's again" in caplog.text


def test_a_database_without_a_clock_is_not_compared_with():
    watch = ClockWatch(most=3, ask=lambda: None)
    watch.look(1.0)
    assert watch.ahead is None


def test_a_database_that_is_away_is_asked_again_at_once(host):
    host.ask, ask = None, host.ask
    answers = [OSError("away"), None]

    def away():
        error = answers.pop()
        if error:
            raise error
        return ask()

    answers.reverse()
    host.watch._ask = away
    with pytest.raises(OSError, match="away"):
        host.pass_(1)
    host.pass_(1)
    assert host.asked == 1
