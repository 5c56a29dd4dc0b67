"""Short jobs go to a child together; what one of them does is no other's trouble."""

import time
from collections import Counter

import pytest
from django.db import transaction

from jobs.engine.bulk import submit_many
from jobs.models import Attempt, Job
from jobs.operations.cancel import cancel
from jobs.states import State
from tests.acceptance import fault_workload
from tests.acceptance.stack import wait_until
from tests.acceptance.test_nothing_is_lost import all_finished, lines

_WARM = 150
_JOBS = 400


@pytest.fixture
def worker(stack, tmp_path):
    """A worker that knows by now that the task is short."""
    running = stack.worker("-c", "2", "-l", "DEBUG", "-I", "tests.acceptance.unhurried")
    submit_many(fault_workload.quick, [((str(tmp_path / "warm"), n), {}) for n in range(_WARM)])
    wait_until(all_finished, 40)
    return running


def submit(path, prank, at):
    """Many short jobs, and one among them that plays a prank; returns its id."""
    calls = [((str(path), n, prank if n == at else ""), {}) for n in range(_JOBS)]
    return submit_many(fault_workload.quick, calls)[at]


def was_in_company(worker, id):
    """Whether the job was handed over together with others."""
    bundles = [line for line in worker.text().splitlines() if "Handed over together" in line]
    return any(id in line and line.count(",") > 1 for line in bundles)


def test_short_jobs_are_handed_over_together_and_each_runs_once(worker, tmp_path):
    submit(tmp_path / "ran", "", 0)
    wait_until(all_finished, 40)
    assert Counter(lines(tmp_path / "ran")) == {str(n): 1 for n in range(_JOBS)}
    assert Job.objects.filter(state=State.SUCCEEDED, attempt=1).count() == _WARM + _JOBS
    assert "Handed over together" in worker.text()


@pytest.mark.parametrize(
    ("prank", "state", "attempts", "error"),
    [
        ("die", State.SUCCEEDED, 2, "WorkerLost"),
        ("fail", State.FAILED, 1, "ValueError"),
        ("exit", State.SUCCEEDED, 2, "WorkerLost"),
        ("return much", State.SUCCEEDED, 1, None),
        ("return no pickle", State.FAILED, 1, "TypeError"),
    ],
)
def test_only_the_job_that_went_wrong_has_an_attempt_that_did(
    worker, tmp_path, prank, state, attempts, error
):
    id = submit(tmp_path / "ran", prank, _JOBS - 20)
    wait_until(all_finished, 60)
    assert was_in_company(worker, id)
    job = Job.objects.get(id=id)
    assert (job.state, job.attempt) == (state, attempts)
    errors = [attempt.error_type for attempt in Attempt.objects.all()]
    assert errors == ([error] if error else [])
    ran = Counter(lines(tmp_path / "ran"))
    assert ran == {str(n): 1 for n in range(_JOBS)} | {str(_JOBS - 20): attempts}
    others = Job.objects.exclude(id=id)
    assert others.filter(state=State.SUCCEEDED, attempt=1, crashes=0).count() == others.count()


def test_one_that_turns_out_long_keeps_no_other_waiting_and_can_be_cancelled(worker, tmp_path):
    id = submit(tmp_path / "ran", "sleep", _JOBS - 20)
    begun = time.monotonic()
    wait_until(lambda: not Job.objects.unfinished().exclude(id=id).exists(), 40)
    assert time.monotonic() - begun < 30
    assert was_in_company(worker, id)
    wait_until(lambda: Job.objects.get(id=id).state == State.RUNNING, 10)
    cancel([id], reason="A test.", now=Job.objects.get(id=id).started_at)
    wait_until(lambda: Job.objects.get(id=id).state == State.CANCELLED, 30)
    assert Counter(lines(tmp_path / "ran")) == {str(n): 1 for n in range(_JOBS)}
    assert Job.objects.filter(state=State.SUCCEEDED, attempt=1).count() == _WARM + _JOBS - 1


def test_a_hard_time_limit_ends_the_one_that_ran_too_long(worker, tmp_path):
    calls = [((str(tmp_path / "ran"), n, "sleep" if n == 380 else ""), {}) for n in range(_JOBS)]
    id = submit_many(fault_workload.quick, calls, time_limit=2)[380]
    wait_until(all_finished, 60)
    assert was_in_company(worker, id)
    job = Job.objects.get(id=id)
    assert (job.state, job.error_type) == (State.FAILED, "TimeLimitExceeded")
    assert Counter(lines(tmp_path / "ran")) == {str(n): 1 for n in range(_JOBS)}
    assert Job.objects.filter(state=State.SUCCEEDED, attempt=1).count() == _WARM + _JOBS - 1


def test_the_time_limit_of_its_neighbours_is_not_its_own(worker, tmp_path):
    def call(n, prank=""):
        return ((str(tmp_path / "ran"), n, prank), {})

    with transaction.atomic():  # published at once, so that they are claimed side by side
        submit_many(fault_workload.quick, [call(n) for n in range(380)], time_limit=1)
        [free] = submit_many(fault_workload.quick, [call(380, "nap")])
        submit_many(fault_workload.quick, [call(n) for n in range(381, _JOBS)], time_limit=1)
    wait_until(all_finished, 60)
    assert Job.objects.get(id=free).state == State.SUCCEEDED
    assert not Attempt.objects.exists()
    assert "Handed over together" in worker.text()
