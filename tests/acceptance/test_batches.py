"""Batches through real workers: the callback comes exactly once, whatever dies when."""

import json
import threading

import pytest
from celery import chain, chord, current_app
from django.db import connection
from django.utils import timezone

from jobs.engine.actions.batch_actions import cancel_batch, retry_failed
from jobs.engine.batches import batch, map_task, open_batch
from jobs.engine.ends.batch_turns import finish_ended
from jobs.errors import BatchClosed
from jobs.models import Batch, Job
from jobs.states import State
from tests.acceptance import batch_workload, workload
from tests.acceptance.stack import wait_until


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def ended(handle):
    return Batch.objects.filter(id=handle.id, finished_at__isnull=False).first()


def all_finished():
    return not Job.objects.unfinished().exists()


def test_the_callback_runs_once_though_workers_die_in_the_middle(stack, tmp_path):
    told, ran = tmp_path / "told", tmp_path / "ran"
    victims = [stack.worker("-c", "2", name=f"v{n}") for n in range(2)]
    with batch("Import", on_finish=batch_workload.note_batch.s(str(told))) as imports:
        imports.submit_many(workload.step, [((str(ran), number, 0.05), {}) for number in range(60)])
    for victim, marks in zip(victims, (10, 30), strict=True):
        wait_until(lambda marks=marks: len(lines(ran)) > marks, 30)
        victim.kill()
    assert not lines(told)
    stack.worker("-c", "2", name="next")
    stack.worker("-c", "2", name="last")
    assert wait_until(lambda: ended(imports), 60).succeeded == 60
    wait_until(all_finished, 30)
    [line] = lines(told)
    assert json.loads(line)["succeeded"] == 60


def test_two_dispatchers_at_once_submit_one_callback(stack, tmp_path):
    told = tmp_path / "told"
    handles = []
    for number in range(12):
        with batch(str(number), on_finish=batch_workload.note_batch.s(str(told))) as one:
            pass
        handles.append(one)
    gate = threading.Barrier(3)

    def dispatch():
        gate.wait()
        try:
            for _ in range(3):
                finish_ended(current_app, now=timezone.now())
        finally:
            connection.close()

    threads = [threading.Thread(target=dispatch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(ended(one) for one in handles)
    assert Job.objects.count() == 12
    stack.worker("-c", "2")
    wait_until(all_finished, 30)
    assert sorted(json.loads(line)["id"] for line in lines(told)) == sorted(
        one.id for one in handles
    )


def test_a_cancel_ends_the_whole_batch_with_its_running_members(stack, tmp_path):
    told = tmp_path / "told"
    stack.worker("-c", "2")
    with batch("Import", on_failure=batch_workload.note_batch.s(str(told))) as imports:
        imports.submit(workload.hold.s(120))
        imports.submit(workload.deaf.s(120))
        imports.submit_many(workload.hold, [((120,), {})] * 60)
        imports.submit(workload.add.s(1, 2).set(countdown=3600))
    wait_until(lambda: Job.objects.filter(state=State.RUNNING).count() == 2, 30)
    assert cancel_batch(imports.id, by="ann")
    done = wait_until(lambda: ended(imports), 60)
    assert (done.cancelled, done.succeeded, done.failed) == (63, 0, 0)
    # The messages of cancelled jobs are still before its own, to be fetched and dropped.
    assert wait_until(lambda: lines(told), 60)
    assert json.loads(lines(told)[0])["cancelled"] == 63
    assert Job.objects.exclude(batch=None).exclude(state=State.CANCELLED).count() == 0


def test_members_add_members_and_stay_in_it_through_retries(stack, tmp_path):
    stack.worker("-c", "2")
    with batch("Tree", on_success=batch_workload.note_batch.s(str(tmp_path / "told"))) as tree:
        tree.submit(batch_workload.grow.s(str(tmp_path / "ran"), 3))
    assert wait_until(lambda: ended(tree), 60).succeeded == 15
    assert len(lines(tmp_path / "ran")) == 30
    wait_until(all_finished, 30)
    assert len(lines(tmp_path / "told")) == 1


def test_a_canvas_in_a_batch_is_waited_for_to_its_last_step(stack, tmp_path):
    stack.worker("-c", "2")
    path = str(tmp_path / "ran")
    with batch("Canvas") as canvas:
        canvas.submit(chain(workload.step.si(path, "a", 0.5), workload.step.si(path, "b", 0.5)))
        canvas.submit(chord([workload.add.si(1, 2), workload.add.si(3, 4)], workload.total.s()))
        canvas.submit(workload.become.s("chain"))
    done = wait_until(lambda: ended(canvas), 40)
    assert (done.succeeded, done.failed) == (6, 0)
    assert lines(tmp_path / "ran")[-1] == "-b"


@pytest.mark.parametrize("failing", [3])
def test_a_retry_of_what_failed_completes_the_batch(stack, tmp_path, failing):
    stack.worker("-c", "2")
    told, flag = tmp_path / "told", tmp_path / "repaired"
    with batch("Import", on_success=batch_workload.note_batch.s(str(told))) as imports:
        imports.submit_many(workload.needs, [((str(flag),), {})] * failing)
        imports.submit(workload.add.s(1, 2))
    assert wait_until(lambda: ended(imports), 40).failed == failing
    assert not lines(told)
    flag.touch()
    assert retry_failed(imports.id, by="ann") == failing
    assert wait_until(lambda: ended(imports), 40).succeeded == failing + 1
    wait_until(all_finished, 30)
    assert [json.loads(line)["succeeded"] for line in lines(told)] == [failing + 1]


def test_a_task_that_maps_is_killed_and_goes_on_without_a_double(stack, tmp_path):
    path = tmp_path / "ran"
    worker = stack.worker("-c", "1")
    mapping = batch_workload.map_many.delay(str(path), 100)
    wait_until(lambda: Job.objects.exclude(batch=None).count() >= 30, 40)
    worker.kill()
    stack.worker("-c", "2", name="next")
    done = wait_until(lambda: Batch.objects.exclude(finished_at=None).first(), 60)
    assert done.succeeded == 100
    assert Job.objects.get(id=mapping.id).state == State.SUCCEEDED
    assert sorted(map(int, lines(path))) == list(range(100))


def test_a_submitter_that_adds_all_the_time_never_adds_to_a_finished_batch(stack):
    """Adding and closing race: what was accepted is counted."""
    stack.worker("-c", "2")
    handle = open_batch("race")
    accepted, refused = [], []

    def add():
        try:
            while not refused:
                try:
                    accepted.append(handle.submit(workload.add.s(1, 2)).id)
                except BatchClosed as error:
                    refused.append(error)
        finally:
            connection.close()

    adder = threading.Thread(target=add)
    adder.start()
    wait_until(lambda: len(accepted) > 20, 30)
    handle.close()
    adder.join(30)
    assert refused
    assert wait_until(lambda: ended(handle), 40).succeeded == len(accepted)


def test_the_jobs_of_a_mapped_batch_run(stack):
    stack.worker("-c", "2")
    handle = map_task(workload.total, [[1, 2], [3, 4]])
    assert wait_until(lambda: ended(handle), 30).succeeded == 2
