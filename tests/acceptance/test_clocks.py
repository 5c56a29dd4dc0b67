"""A real worker on a host whose clock is off."""

import pytest
from django.db import connection

from jobs.models import Node
from tests.acceptance import workload
from tests.acceptance.stack import wait_until

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no clock, and no second host"
)


def ahead():
    return Node.objects.values_list("clock_ahead", flat=True).first()


def test_a_worker_whose_clock_is_off_says_so_and_works_on(stack, wall):
    wall.put(2)  # the lease of these tests is 4 s
    worker = stack.worker(**wall.environment)
    wait_until(ahead, 10)
    assert ahead() == pytest.approx(2, abs=0.5)
    assert "The clock of this host is" in worker.text()
    assert workload.add.delay(1, 2).get(timeout=20) == 3


def test_a_worker_whose_clock_is_right_is_not_told_of(stack):
    worker = stack.worker()
    assert workload.add.delay(1, 2).get(timeout=20) == 3
    assert ahead() is None
    assert "The clock of this host" not in worker.text()
