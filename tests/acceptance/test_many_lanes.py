"""Ten thousand lanes in one real worker: each keeps its order, and none holds up another."""

from collections import defaultdict

from django.db import transaction

from jobs.models import Job, Lane
from tests.acceptance.stack import wait_until
from tests.acceptance.workload import append

LANES = 10_000
#: These have more than one job, in a row.
DEEP, DEPTH = 40, 5


def test_ten_thousand_lanes_all_come_to_their_end_and_each_in_its_order(stack, tmp_path):
    path = str(tmp_path / "ran")
    with transaction.atomic():
        for number in range(DEPTH):
            for lane in range(LANES if number == 0 else DEEP):
                append.apply_async((path, f"{lane}:{number}"), lane=f"order-{lane}")
    assert Lane.objects.count() == LANES
    stack.worker("-c", "2")
    jobs = LANES + DEEP * (DEPTH - 1)
    wait_until(lambda: Job.objects.filter(state="succeeded").count() == jobs, 180)
    ran = defaultdict(list)
    for line in (tmp_path / "ran").read_text().split():
        lane, number = line.split(":")
        ran[lane].append(int(number))
    assert len(ran) == LANES
    assert all(ran[str(lane)] == list(range(DEPTH)) for lane in range(DEEP))
    assert all(ran[str(lane)] == [0] for lane in range(DEEP, LANES))
