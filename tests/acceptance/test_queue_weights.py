"""A real worker shares itself among its queues by weight, and starves none."""

from collections import Counter

from jobs.engine.bulk import submit_many
from jobs.models import Job
from tests.acceptance.stack import wait_until
from tests.acceptance.workload import append

QUEUES = "critical,default,low"


def submit(path, queue, number, **options):
    submit_many(append, [((str(path), queue), {})] * number, queue=queue, **options)


def ran(path, number):
    """The queues of the first `number` jobs that ran, once there are so many."""
    wait_until(lambda: path.exists() and path.read_text().count("\n") >= number, 120)
    return path.read_text().split()[:number]


def test_three_full_queues_share_a_worker_by_weight_and_all_of_it_is_done(stack, tmp_path):
    path = tmp_path / "ran"
    for queue in QUEUES.split(","):
        submit(path, queue, 400)
    stack.worker("-P", "solo", "-Q", QUEUES, QUEUE_WEIGHTS="critical=5,default=3,low=1")
    had = Counter(ran(path, 540))
    # A batch is claimed ahead, so the shares hold to within a few of those.
    assert 200 <= had["critical"] <= 400
    assert 100 <= had["default"] <= 260
    assert 20 <= had["low"] <= 140
    wait_until(lambda: Job.objects.filter(state="succeeded").count() == 1_200, 120)
    assert Counter(ran(path, 1_200)) == {"critical": 400, "default": 400, "low": 400}


def test_a_queue_of_a_small_weight_waits_for_no_backlog_to_end(stack, tmp_path):
    path = tmp_path / "ran"
    submit(path, "critical", 1_500)
    stack.worker("-P", "solo", "-Q", QUEUES, QUEUE_WEIGHTS="critical=20")
    ran(path, 50)
    submit(path, "low", 5)
    wait_until(lambda: Job.objects.filter(queue="low", state="succeeded").count() == 5, 60)
    assert Job.objects.filter(queue="critical", state="queued").exists()
