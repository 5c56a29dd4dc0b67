"""Retry rules and max_attempts, and what is kept of every attempt. Real workers."""

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from jobs.engine.actions.job_actions import retry_jobs
from jobs.errors import InvalidRetryRule
from jobs.models import Attempt, Job, LogLine
from jobs.queries.jobs.details import job_details
from tests.acceptance.retry_workload import only_ruled, ruled, slow_ruled, stubborn
from tests.acceptance.stack import wait_until

TASKS = "tests.acceptance.workload,tests.acceptance.retry_workload"


@pytest.fixture(scope="module")
def worker(shared_stack):
    return shared_stack.worker("-I", TASKS, "-c", "2")


@pytest.fixture(autouse=True)
def _unblocked(worker, django_db_blocker):
    with django_db_blocker.unblock():
        yield


def failed(result, seconds=60):
    wait_until(lambda: Job.objects.filter(id=result.id, state="failed").exists(), seconds)
    return Job.objects.get(id=result.id), list(Attempt.objects.filter(job=result.id))


def verdicts(attempts):
    return [attempt.verdict for attempt in attempts]


def test_a_rule_says_how_often_and_every_attempt_is_kept_whole():
    job, attempts = failed(ruled.delay("unreachable"))
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.outcome for attempt in attempts] == ["retried", "retried", "failed"]
    for attempt in attempts:
        assert attempt.worker.startswith("w@")
        assert attempt.started_at <= attempt.finished_at
        assert (attempt.error_type, attempt.error_message) == ("Unreachable", "no answer")
        assert "in _fail" in attempt.traceback
        assert "RuntimeError: the first cause" in attempt.traceback
    lines = LogLine.objects.filter(job=job.id).values_list("attempt", "text")
    assert [(n, f"attempt {n} of unreachable") for n in (1, 2, 3)] == list(lines)
    assert verdicts(attempts) == [
        "Attempt 1 of 3 by the rule for Unreachable.",
        "Attempt 2 of 3 by the rule for Unreachable.",
        "Not tried again: it was attempt 3, and the rule for Unreachable allows 3.",
    ]


def test_the_page_says_why_there_is_another_attempt_or_none():
    job, [attempt] = failed(only_ruled.delay("value"))
    details = job_details(job.id, timezone.now())
    assert details.why.endswith("Not tried again: the rule for ValueError says never.")
    page = render_to_string("jobs/job/attempts.html", {"details": details, "job": job})
    assert attempt.verdict in page
    waiting = ruled.delay("limited")
    wait_until(lambda: Job.objects.filter(id=waiting.id, waiting_for="retry").exists(), 30)
    told = job_details(waiting.id, timezone.now()).why
    assert "attempt 1 of 3 failed with RateLimited. Attempt 1 of 2 by the rule" in told


def test_never_comes_before_autoretry_and_other_errors_are_left_to_it():
    _, never_again = failed(ruled.delay("value"))
    assert verdicts(never_again) == ["Not tried again: the rule for ValueError says never."]
    _, by_celery = failed(ruled.delay("os"))
    assert verdicts(by_celery) == [
        "The task asked for another attempt (self.retry or autoretry_for).",
        "Not tried again: it was attempt 2, and max_retries is 1.",
    ]
    _, by_nobody = failed(ruled.delay("key"))
    assert verdicts(by_nobody) == ["Not tried again: no rule and no autoretry_for takes KeyError."]


def test_the_error_itself_may_say_when():
    _, (first, second) = failed(ruled.delay("limited"))
    assert 2.9 <= (second.started_at - first.finished_at).total_seconds() < 30
    assert second.verdict.startswith("Not tried again: it was attempt 2")


def test_max_attempts_of_the_task_caps_its_rules_and_self_retry():
    job, attempts = failed(only_ruled.delay("unreachable"))
    assert (job.max_attempts, len(attempts)) == (2, 2)
    assert attempts[-1].verdict == "Not tried again: it was attempt 2, and max_attempts is 2."
    job, attempts = failed(stubborn.delay())
    assert (job.max_attempts, len(attempts)) == (3, 3)
    assert job.error_type == "Unreachable"


def test_max_attempts_of_a_call_comes_before_that_of_the_task_and_lasts_through_retries():
    job, attempts = failed(stubborn.apply_async(max_attempts=2))
    assert (job.max_attempts, len(attempts)) == (2, 2)
    job, attempts = failed(only_ruled.apply_async(("unreachable",), max_attempts=9))
    assert (job.max_attempts, len(attempts)) == (3, 3)


@pytest.mark.django_db  # also what makes pytest set up the database
@pytest.mark.parametrize("value", [0, -1, "3", True])
def test_max_attempts_that_makes_no_sense_is_refused_at_the_call(value):
    with pytest.raises(InvalidRetryRule, match=r"max_attempts=.* must be a whole number"):
        ruled.apply_async(("key",), max_attempts=value)


def test_a_hard_time_limit_may_have_a_rule_although_nobody_lived_to_ask_it():
    job, attempts = failed(slow_ruled.delay())
    assert [attempt.outcome for attempt in attempts] == ["timed_out", "timed_out"]
    assert job.error_type == "TimeLimitExceeded"
    assert attempts[0].verdict == "Attempt 1 of 2 by the rule for TimeLimitExceeded."
    assert attempts[1].verdict.endswith("the rule for TimeLimitExceeded allows 2.")


def test_a_retry_by_a_person_begins_with_all_attempts_to_come():
    job, _ = failed(ruled.delay("unreachable"))
    retry_jobs([job.id], by="me")
    wait_until(lambda: Attempt.objects.filter(job=job.id).count() == 6, 60)
    numbers = Attempt.objects.filter(job=job.id).values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3, 4, 5, 6]
