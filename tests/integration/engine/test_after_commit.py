"""What a transaction sets going is done together after its commit, and not what was rolled back."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from jobs.engine.after_commit import after_commit
from jobs.models import Job
from tests.acceptance.workload import add


@pytest.mark.django_db(transaction=True)
def test_all_that_one_transaction_has_for_an_action_comes_at_once():
    calls, others = [], []
    with transaction.atomic():
        for number in range(3):
            after_commit(calls.append, [number])
            after_commit(others.append, [-number])
        assert calls == []
    assert (calls, others) == ([[0, 1, 2]], [[0, -1, -2]])
    after_commit(calls.append, [9])
    assert calls[-1] == [9]


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_that_is_rolled_back_takes_its_own_along_and_no_others():
    calls = []
    with transaction.atomic():
        after_commit(calls.append, ["kept"])
        with pytest.raises(ValueError), transaction.atomic():
            after_commit(calls.append, ["undone"])
            raise ValueError
        after_commit(calls.append, ["kept too"])
    assert [item for items in calls for item in items] == ["kept", "kept too"]


@pytest.mark.django_db(transaction=True)
def test_a_thousand_lanes_of_one_transaction_are_let_in_by_a_handful_of_statements():
    with CaptureQueriesContext(connection) as queries:
        with transaction.atomic():
            for number in range(1_000):
                add.apply_async((number, 1), lane=f"order-{number}")
            before = len(queries)
        assert len(queries) - before <= 30
    assert Job.objects.filter(state="queued", in_turn=True).count() == 1_000
