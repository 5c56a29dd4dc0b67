"""A transaction that somebody forgot holds rows: their jobs wait, and no others do."""

import pytest
from django.db import connection

from jobs.models import Job, Node
from jobs.states import State
from tests.acceptance import workload
from tests.acceptance.stack import wait_until

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


@pytest.fixture
def forgotten():
    """A session whose transaction holds the rows that it is told to, until it is rolled back."""
    other = connection.copy("forgotten")
    other.set_autocommit(False)

    def hold(id):
        with other.cursor() as cursor:
            cursor.execute("SELECT id FROM jobs_job WHERE id = %s FOR UPDATE", [id])

    hold.let_go = other.rollback
    yield hold
    other.close()


def succeeded(results):
    ids = [result.id for result in results]
    return Job.objects.filter(id__in=ids, state=State.SUCCEEDED).count()


def test_rows_that_somebody_holds_make_their_jobs_wait_and_no_others(stack, forgotten, tmp_path):
    unclaimed = workload.append.delay(str(tmp_path / "unclaimed"), 1)
    forgotten(unclaimed.id)
    workers = [stack.worker("-c", "1", name=name) for name in ("one", "two")]
    running = workload.deaf.delay(2)
    wait_until(lambda: Job.objects.filter(id=running.id, state=State.RUNNING).exists())
    forgotten(running.id)
    for _ in range(2):  # before the running one has ended, and when that cannot be written
        others = [workload.add.delay(n, n) for n in range(30)]
        wait_until(lambda others=others: succeeded(others) == 30)
        wait_until(lambda: "test.deaf" in workers[0].text() + workers[1].text())
    assert Job.objects.get(id=running.id).state == State.RUNNING
    assert Job.objects.get(id=unclaimed.id).state == State.QUEUED
    forgotten.let_go()
    wait_until(lambda: succeeded([unclaimed, running]) == 2, 40)
    assert set(Job.objects.values_list("attempt", "crashes")) == {(1, 0)}
    assert (tmp_path / "unclaimed").read_text().split() == ["1"]
    assert Node.objects.filter(kind="worker").count() == 2
    assert not any("thought dead" in worker.text() for worker in workers)
