"""A job that ends in whatever way lets its unique key go: or nobody could ever submit again."""

import pytest
from django.utils import timezone

from jobs.models import Job
from jobs.operations import cancel, claim, conclude, finish, rescue
from jobs.operations.conclude import Problem
from jobs.operations.submit import Draft, submit
from jobs.operations.unique import holders

pytestmark = pytest.mark.django_db


def refuse(id, now):
    assert conclude.refuse_queued(id, Problem("NotRegistered", "unknown"), now=now)


def take_back(id, now):
    claim.claim([id], worker="w", now=now)
    cancel.cancel_claimed([id], worker="w", reason="r", error_type="Cancelled", now=now)


def begin(id, now):
    claim.claim([id], worker="w", now=now)
    finish.start([finish.Start(id, 1, now)], worker="w")


def succeed(id, now):
    begin(id, now)
    finish.succeed([finish.Success(id, 1, now, now, "null")], worker="w")


def crash_for_good(id, now):
    begin(id, now)
    rescue.rescue("w", max_crashes=1, reason="It died.", now=now)


def expire(id, now):
    Job.objects.filter(id=id).update(expires_at=now)
    assert cancel.expire(now=now) == [id]


def record_a_lost_successor(id, now):
    Job.objects.filter(id=id).update(state="scheduled", waiting_for="successor")
    failed = Job(id=id, task="t", queue="q", state="failed", message="{}", run_at=now)
    failed.created_at = failed.finished_at = now
    failed.error_type, failed.error_fingerprint = "UpstreamFailed", "upstream"
    assert conclude.record_failures([failed]) == [id]
    assert Job.objects.get(id=id).error_fingerprint == "upstream"


@pytest.mark.parametrize(
    "end",
    [succeed, crash_for_good, refuse, take_back, expire, record_a_lost_successor],
    ids=lambda end: end.__name__,
)
@pytest.mark.parametrize("scope", ["waiting", "unfinished"])
def test_the_key_is_free_when_the_job_has_ended(end, scope):
    now = timezone.now()
    submit(
        [Draft(id="j", task="t", queue="q", message="{}", unique_key="k", unique_scope=scope)],
        now=now,
    )
    assert holders(["k"]) == {"k": "j"}
    end("j", now)
    assert Job.objects.get(id="j").finished_at is not None
    assert holders(["k"]) == {}


def test_a_cancelled_job_lets_its_key_go():
    now = timezone.now()
    submit(
        [Draft(id="j", task="t", queue="q", message="{}", unique_key="k", unique_scope="waiting")],
        now=now,
    )
    assert cancel.cancel(["j"], reason="r", now=now)[0] == ["j"]
    assert holders(["k"]) == {}
