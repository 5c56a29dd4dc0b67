"""Two transactions that lock the same rows in opposite order: nobody sees an error."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs.engine.actions.job_actions import cancel_jobs
from jobs.engine.ids import new_id
from jobs.models import Chord, Job
from jobs.operations.submit import Draft, submit
from tests.acceptance.stack import wait_until


def somebody_waits_for_this_transaction():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_locks WHERE NOT granted"
            " AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        return cursor.fetchone()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_cancel_that_meets_the_end_of_a_chord_in_a_deadlock_begins_anew(django_db_blocker):
    now = timezone.now()
    Chord.objects.create(id="c", header="[]", body="{}", created_at=now, size=5)
    [job] = submit(
        [Draft(id=new_id(), task="t", queue="q", message="{}", chord="c", group="c")], now=now
    )
    has_chord = threading.Event()

    def settle():
        """As the ledger does: the chord of one job, then another job of the same chord."""
        with transaction.atomic():
            Chord.objects.filter(id="c").update(ended=1)
            has_chord.set()
            # The cancel has the job by then and waits for the chord, so its patience ends first.
            wait_until(somebody_waits_for_this_transaction)
            Job.objects.filter(id=job.id).update(progress_message="settled")
        connection.close()

    with django_db_blocker.unblock():
        thread = threading.Thread(target=settle)
        thread.start()
        has_chord.wait(10)
        assert cancel_jobs([job.id], by="ann") == 1
        thread.join(20)
    row = Job.objects.get(id=job.id)
    assert (row.state, row.progress_message) == ("cancelled", "settled")
    assert Chord.objects.get(id="c").ended == 2
