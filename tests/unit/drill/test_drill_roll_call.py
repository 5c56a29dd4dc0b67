"""The roll is called until every worker has answered, or the time is over."""

from types import SimpleNamespace

import pytest

from drill import roll_call, workload
from drill.roll_call import call_the_roll


class Worker:
    def __init__(self, name, *pids):
        self.name, self.pids = name, frozenset(pids)

    def tree(self):
        return self.pids


@pytest.fixture
def answers(monkeypatch, settings, tmp_path):
    """Has the given processes answer to each call."""
    settings.VAR_DIR = tmp_path
    folder = tmp_path / workload.PRESENT
    folder.mkdir()
    monkeypatch.setattr(roll_call, "CALL_SECONDS", 0.05)

    def answer(*pids):
        def called(**options):
            assert options["countdown"] > 0  # the conductor has no Redis to publish to
            for pid in pids:
                (folder / f"{pid}-1.jsonl").touch()

        monkeypatch.setattr(workload, "here", SimpleNamespace(apply_async=called))

    return answer


def test_a_worker_that_takes_no_job_is_named(answers):
    answers(8, 9)
    cast = SimpleNamespace(workers=[Worker("one", 7, 8), Worker("two", 70, 80)])
    assert call_the_roll(cast, lambda: None) == ["two"]


def test_a_worker_that_is_started_again_meanwhile_answers_for_itself(answers):
    answers(8)
    worker = Worker("one", 7)
    assert (
        call_the_roll(SimpleNamespace(workers=[worker]), lambda: setattr(worker, "pids", {8})) == []
    )
