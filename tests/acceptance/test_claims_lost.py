"""`job_transaction` of an attempt that was thought dead: it wakes up, and its writes are undone."""

import pytest
from django.db import connection

from jobs.models import Job, Token
from jobs.states import State
from tests.acceptance import long_workload
from tests.acceptance.stack import wait_until

TASKS = ("-c", "1", "-I", "tests.acceptance.long_workload")


@pytest.mark.parametrize("inside", [False, True])
def test_one_that_was_frozen_pays_nothing_when_the_job_runs_elsewhere(stack, tmp_path, inside):
    if inside and connection.vendor == "sqlite":
        pytest.skip("A transaction that is frozen holds the only write lock.")
    frozen = stack.worker(*TASKS, name="frozen")
    job = long_workload.pay_when_told.delay("rent", str(tmp_path / "go"), inside)
    wait_until(lambda: Job.objects.filter(id=job.id, state=State.RUNNING).exists())
    wait_until((tmp_path / "go-waits").exists)
    frozen.freeze()
    stack.worker(*TASKS, name="heir")
    wait_until(lambda: Job.objects.filter(id=job.id, state=State.RUNNING, attempt=2).exists(), 40)
    (tmp_path / "go").touch()
    payer = job.get(timeout=20)
    frozen.thaw()
    wait_until(lambda: "ClaimLost" in frozen.text(), 20)
    assert [token.name for token in Token.objects.all()] == [f"rent of {payer}"]
    row = Job.objects.get(id=job.id)
    assert (row.state, row.attempt, row.worker.partition("@")[0]) == (State.SUCCEEDED, 2, "heir")
