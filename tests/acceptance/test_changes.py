"""The watch over changes of state, which all tests here stand under, can see."""

from django.utils import timezone

from jobs.models import Job
from tests.acceptance.changes import odd_changes, watch_changes


def test_a_change_of_state_that_the_page_does_not_know_is_noticed(transactional_db):
    watch_changes()
    now = timezone.now()
    job = Job(id="j", task="t", queue="q", state="queued", message="{}", run_at=now, created_at=now)
    job.save(force_insert=True)
    known = Job.objects.filter(id="j")
    known.update(state="running", worker="w", started_at=now, attempt=1)
    known.update(state="succeeded", finished_at=now)
    assert odd_changes() == []
    known.update(state="failed", error_type="Odd")
    assert odd_changes() == [("j", "succeeded to failed")]
    watch_changes()
    assert odd_changes() == []
