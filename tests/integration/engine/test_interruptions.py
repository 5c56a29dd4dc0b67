"""An attempt that a stop cut short: what is written, and what can no longer be."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.engine.ends.endings import conclusion, interrupted
from jobs.engine.ids import new_id
from jobs.models import Attempt, Job
from jobs.operations.claim import claim
from jobs.operations.conclude import conclude
from jobs.operations.finish import Start, Success, start, succeed
from jobs.operations.submit import Draft, submit

pytestmark = pytest.mark.django_db


def begun(now, *, written=True):
    [job] = submit([Draft(id=new_id(), task="t", queue="celery", message="{}")], now=now)
    claim([job.id], worker="w", now=now)
    if written:
        start([Start(job.id, 1, now)], worker="w")
    return job.id


@pytest.mark.parametrize("written", [True, False], ids=["start written", "start not yet written"])
def test_the_attempt_is_kept_and_does_not_count(written):
    now = timezone.now()
    id = begun(now, written=written)
    assert conclude([conclusion(id, 1, now, interrupted(now))], worker="w") == [id]
    job = Job.objects.get()
    assert (job.state, job.worker, job.attempt, job.crashes) == ("queued", "", 0, 0)
    assert Attempt.objects.get().outcome == Attempt.Outcome.INTERRUPTED


def test_what_ran_in_a_thread_waits_until_its_process_is_gone():
    now = timezone.now()
    later = now + timedelta(seconds=1)
    id = begun(now)
    conclude([conclusion(id, 1, now, interrupted(now, later))], worker="w")
    job = Job.objects.get()
    assert (job.state, job.waiting_for, job.run_at, job.attempt) == ("scheduled", "time", later, 0)


def test_a_late_writer_finds_no_row():
    now = timezone.now()
    id = begun(now)
    conclude([conclusion(id, 1, now, interrupted(now))], worker="w")
    assert succeed([Success(id, 1, now, now, "3")], worker="w") == []
    assert start([Start(id, 1, now)], worker="w") == []
    claim([id], worker="heir", now=now)
    assert succeed([Success(id, 1, now, now, "3")], worker="w") == []
    assert Job.objects.get().worker == "heir"
