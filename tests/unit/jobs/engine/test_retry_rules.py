"""Retry rules: the first that fits decides, and what makes no sense is said at import."""

import pytest
from celery.exceptions import Ignore, Retry
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)

from jobs.engine.retries.verdicts import judge
from jobs.engine.retry_rules import On, backoff, check_rules, never, on_database_away
from jobs.errors import DatabaseUnavailable, InvalidRetryRule


class RateLimited(Exception):
    retry_after = 7


def verdict(rules, error, attempt=1, most=None, job="a"):
    return judge(check_rules(rules, "t"), error, job=job, attempt=attempt, most=most)


def test_the_first_rule_that_fits_decides():
    rules = (On(FileNotFoundError, never), On(OSError, 5))
    assert verdict(rules, FileNotFoundError()).wait is None
    assert verdict(rules, PermissionError()).wait == 5


def test_an_error_that_fits_no_rule_is_left_to_others():
    assert verdict((On(OSError, 5),), ValueError()) is None


class Refused(Exception):
    busy = True


def test_a_condition_narrows_a_rule():
    rules = (On(Refused, 3, when=lambda error: error.busy), On(Refused, never))
    error = Refused()
    assert verdict(rules, error).wait == 3
    error.busy = False
    assert verdict(rules, error).wait is None


def test_a_condition_that_fails_itself_says_no(caplog):
    rules = (On(Refused, 3, when=lambda error: error.none_such), On(Exception, 9))
    assert verdict(rules, Refused()).wait == 9
    assert "condition of the rule for Refused failed" in caplog.text


def of_postgresql(error, sqlstate):
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": sqlstate})()
    return error


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("server closed the connection"),
        InterfaceError("connection already closed"),
        DatabaseUnavailable(),
        of_postgresql(InternalError("read-only transaction"), "25006"),
    ],
    ids=repr,
)
def test_a_database_that_is_away_or_read_only_is_worth_another_attempt(error):
    assert verdict((on_database_away(4),), error).wait == 4


@pytest.mark.parametrize(
    "error", [IntegrityError("taken"), DataError("too long"), InternalError("corrupt"), OSError()]
)
def test_an_error_that_is_the_tasks_own_is_not(error):
    assert verdict((on_database_away(4),), error) is None


def test_several_errors_may_share_a_rule():
    rules = (On((KeyError, IndexError), 1),)
    assert verdict(rules, IndexError()).why == "Attempt 1 by the rule for KeyError or IndexError."


@pytest.mark.parametrize(("attempt", "goes_on"), [(1, True), (4, True), (5, False), (6, False)])
def test_attempts_is_the_number_of_all_attempts(attempt, goes_on):
    said = verdict((On(OSError, 1, attempts=5),), OSError(), attempt)
    assert (said.wait is not None) == goes_on
    assert ("allows 5" in said.why) == (not goes_on)


def test_max_attempts_caps_every_rule():
    rules = (On(OSError, 1, attempts=5),)
    assert verdict(rules, OSError(), 2, most=3).why == "Attempt 2 of 3 by the rule for OSError."
    said = verdict(rules, OSError(), 3, most=3)
    assert said.wait is None
    assert said.why == "Not tried again: it was attempt 3, and max_attempts is 3."


def test_never_says_so():
    said = verdict((On(ValueError, never),), ValueError())
    assert said.why == "Not tried again: the rule for ValueError says never."


def test_a_function_of_the_error_and_the_attempt_gives_the_wait():
    rules = (On(RateLimited, wait=lambda error, attempt: error.retry_after + attempt),)
    assert verdict(rules, RateLimited(), 3).wait == 10


@pytest.mark.parametrize("bad", [None, "soon", -1, float("nan"), float("inf")])
def test_a_function_that_gives_no_seconds_costs_no_attempt(bad):
    said = verdict((On(OSError, wait=lambda error, attempt: bad),), OSError())
    assert 1 <= said.wait <= 2
    assert "Its wait failed" in said.why


def test_a_backoff_doubles_up_to_the_longest():
    wait = backoff(2, 60, jitter=0)
    assert [wait.seconds(attempt, 0.5) for attempt in range(1, 8)] == [2, 4, 8, 16, 32, 60, 60]
    assert wait.seconds(10_000_000, 0.5) == 60


def test_jitter_spreads_jobs_and_is_the_same_for_the_same_job():
    rules = (On(OSError, backoff(10, jitter=0.5)),)
    waits = [verdict(rules, OSError(), job=str(number)).wait for number in range(1_000)]
    assert waits == [verdict(rules, OSError(), job=str(number)).wait for number in range(1_000)]
    assert 5 <= min(waits) < 5.1
    assert 9.9 < max(waits) <= 10
    assert 7.3 < sum(waits) / 1_000 < 7.7


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: On("OSError"), "'OSError' is no exception class"),
        (lambda: On(ValueError("x")), "is no exception class"),
        (lambda: On(()), "None is no exception class"),
        (lambda: On(int), "is no exception class"),
        (lambda: On(Retry), "Retry is no error"),
        (lambda: On((OSError, Ignore)), "Ignore is no error"),
        (lambda: On(OSError, -1), "wait=-1 must be seconds"),
        (lambda: On(OSError, "5s"), "wait='5s' must be seconds"),
        (lambda: On(OSError, True), "wait=True must be seconds"),
        (lambda: On(OSError, ValueError), "must be seconds"),
        (lambda: On(OSError, attempts=0), "attempts=0 must be a whole number"),
        (lambda: On(OSError, attempts=2.5), "attempts=2.5 must be a whole number"),
        (lambda: On(OSError, when="busy"), "when='busy' must be a function of the error"),
        (lambda: On(OSError, never, attempts=3), "contradict each other"),
        (lambda: backoff(0), "backoff(0, 600.0"),
        (lambda: backoff(10, 5), "no more than the longest"),
        (lambda: backoff(1, jitter=2), "the jitter 0 to 1"),
        (lambda: check_rules(On(OSError), "shop.pay"), "retry_rules of shop.pay must be a tuple"),
        (lambda: check_rules((OSError,), "shop.pay"), "must be a tuple of On"),
        (
            lambda: check_rules((On(OSError), On(ValueError), On(FileNotFoundError)), "shop.pay"),
            "retry_rules of shop.pay: rule 3, On(FileNotFoundError), is never reached",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(make, said):
    with pytest.raises(InvalidRetryRule) as caught:
        make()
    assert said in str(caught.value)
