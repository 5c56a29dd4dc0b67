"""A unique key whose holder ends at the very moment at which another job asks for it."""

import pytest

from jobs.engine.submit import writing
from jobs.models import Job
from tests.acceptance import workload


@pytest.fixture
def _holder_ends_between(monkeypatch):
    """The holder of the key ends after it has kept the first INSERT out."""

    def submit(drafts, *, now):
        ready = real(drafts, now=now)
        others = Job.objects.exclude(id__in=[draft.id for draft in drafts])
        others.update(unique_key="")
        return ready

    real = writing.submit
    monkeypatch.setattr(writing, "submit", submit)


def test_the_handle_of_a_unique_job_always_stands_for_a_row(db, request):
    first = workload.add.apply_async((1, 2), unique="k")
    request.getfixturevalue("_holder_ends_between")
    second = workload.add.apply_async((1, 2), unique="k")
    assert second.id != first.id
    assert Job.objects.get(id=second.id).unique_key.endswith(":k")


def test_a_job_that_is_submitted_again_under_its_own_id_is_left_as_it_is(db):
    first = workload.add.apply_async((1, 2), unique="k", task_id="mine")
    Job.objects.update(unique_key="")
    again = workload.add.apply_async((1, 2), unique="k", task_id="mine")
    assert (first.id, again.id) == ("mine", "mine")
    assert Job.objects.count() == 1
