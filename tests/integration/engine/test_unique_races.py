"""A unique key whose holder ends at the very moment at which another job asks for it."""

import pytest

from jobs.engine.submit import writing
from jobs.errors import UniqueKeyBusy
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


def scheduled(tick):
    headers = {"schedule": "nightly", "tick": tick}
    return workload.add.apply_async((1, 2), unique="k", headers=headers)


def test_a_tick_that_another_beat_has_turned_into_a_job_that_has_ended_makes_none(db):
    scheduled("2031-05-06T12:00:00+00:00")
    Job.objects.update(unique_key="")
    scheduled("2031-05-06T12:00:00+00:00")
    assert Job.objects.count() == 1
    scheduled("2031-05-06T12:01:00+00:00")
    assert Job.objects.count() == 2


def test_a_key_that_changes_hands_for_ever_is_an_error_and_no_loop(db, monkeypatch):
    rounds = []

    def submit(drafts, *, now):
        rounds.append(now)
        return []

    monkeypatch.setattr(writing, "submit", submit)
    with pytest.raises(UniqueKeyBusy, match=r"'test\.add:k'"):
        workload.add.apply_async((1, 2), unique="k")
    assert 10 <= len(rounds) <= 1_000
    assert not Job.objects.exists()
