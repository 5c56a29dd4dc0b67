"""Runs are put together from the lines of their begin and their end."""

from drill.collect import runs_in
from drill.journal import Journal


def noted(folder, *lines):
    journal = Journal(folder / "7.jsonl", durable=False)
    for line in lines:
        journal.write({"job": "a", "attempt": 1, "pid": 7} | line)
    journal.close()
    return list(runs_in(folder))


def begin(at, **values):
    return {"key": "k", "began": at} | values


def end(at, outcome="done", **values):
    return {"ended": at, "outcome": outcome, "countdown": 0.5, "error": None} | values


def test_a_begin_and_an_end_are_one_run(tmp_path):
    (run,) = noted(tmp_path, begin(1.0), end(2.0))
    assert (run.began, run.ended, run.outcome) == (1.0, 2.0, "done")


def test_a_run_whose_process_died_has_no_end(tmp_path):
    (run,) = noted(tmp_path, begin(1.0))
    assert (run.ended, run.outcome) == (None, "")


def test_runs_of_threads_of_one_process_are_told_apart(tmp_path):
    runs = noted(tmp_path, begin(1.0), begin(1.5, job="b"), end(2.0, job="b"), end(3.0))
    assert {(run.job, run.began, run.ended) for run in runs} == {("a", 1.0, 3.0), ("b", 1.5, 2.0)}


def test_an_attempt_that_was_put_back_and_came_again_is_two_runs(tmp_path):
    runs = noted(tmp_path, begin(1.0), begin(5.0), end(6.0))
    assert [(run.began, run.ended) for run in runs] == [(1.0, None), (5.0, 6.0)]
