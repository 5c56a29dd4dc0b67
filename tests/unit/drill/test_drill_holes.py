"""What a drill must not pass over: each of these once went by unseen."""

from dataclasses import replace

import pytest

from drill import tables
from drill.calls import Sort
from drill.cast import Member
from drill.checks import judge
from drill.collect import _submissions
from drill.journal import Journal
from drill.plan import Kind
from drill.report import report
from drill.submitter import journal_path
from tests.unit.drill.evidence import died, effect, hit, ran, seen, submitted


def unique(at, key="k"):
    return replace(submitted("a", Sort.UNIQUE, at, unique="u", begun=at - 0.1), key=key)


def test_a_unique_call_that_a_job_answers_which_has_ended_is_lost():
    runs, effects = [ran("a", 100.1, 100.3)], [effect(1, "a", 100.2)]
    for at, is_lost in ((100.2, False), (100.35, False), (500.0, True)):
        verdict = judge(seen([unique(100.0), unique(at, "second")], runs, effects))
        assert (verdict.lost, verdict.passed) == (["call second"] if is_lost else [], not is_lost)


def test_of_a_job_whose_end_nobody_noted_nothing_is_said():
    calls = [unique(100.0), unique(500.0, "second")]
    assert judge(seen(calls, [died("a", 100.1)], [effect(1, "a", 100.2)])).passed


def test_a_tick_that_is_no_point_of_the_grid_is_wrong_and_doubles_the_point_beside_it():
    ticks = {"a": 104.0, "b": 104.3}
    runs = [ran("a", 104.1, 104.2), ran("b", 104.4, 104.5)]
    verdict = judge(seen((), runs, [effect(1, "a"), effect(2, "b")], ticks=ticks))
    assert verdict.doubled_ticks == ["tick 104", "tick 104.300, off the grid"]
    assert not verdict.passed


def test_a_finished_job_of_a_lane_that_begins_again_beside_another_is_out_of_order():
    line = [submitted(f"j{p}", Sort.LANE, lane="l", place=p) for p in (1, 2)]
    effects = [effect(1, "j1", 100.2), effect(2, "j2", 100.4)]

    def judged(again):
        runs = [ran("j1", 100.1, 100.2), ran("j2", 100.3, 100.4), again]
        return judge(seen(line, runs, effects)).out_of_order

    assert judged(ran("j1", 100.35, 100.6, attempt=2)) == ["j1"]
    assert judged(ran("j1", 100.45, 100.6, attempt=2)) == []  # beside nobody
    assert judged(ran("j1", 100.15, 100.6, attempt=2)) == []  # it was frozen at its work


def test_a_process_that_ended_although_nobody_had_hit_it_fails_the_drill():
    ended = hit(101.0, 7, kind=Kind.BY_ITSELF)
    verdict = judge(seen([submitted("a")], [ran("a")], [effect(1, "a")], [ended]))
    assert (verdict.by_itself, verdict.passed) == (["worker 0 (prefork)"], False)
    assert not verdict.faults


def test_a_wait_after_an_end_that_nobody_caused_counts():
    runs = [died("a", 100.1, pid=7), ran("a", 400, 400.1, attempt=2)]
    found = seen([submitted("a")], runs, [effect(1, "a", 400.1)])
    verdict = judge(found)
    assert verdict.slowest.seconds == pytest.approx(297.9)
    assert not verdict.passed
    known = hit(200.0, 7, kind=Kind.BY_ITSELF)
    assert judge(replace(found, hits=[known])).slowest.seconds == pytest.approx(198.0)


def test_a_run_that_was_cut_short_without_being_hit_waits_from_there_without_a_pause():
    runs = [ran("a", 100.1, 100.5, "undone"), ran("a", 104.5, 104.6)]
    verdict = judge(seen([submitted("a")], runs, [effect(1, "a", 104.6)]))
    assert verdict.slowest.seconds == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"deaf": ["worker 1 (solo)"]}, "took no jobs                  1   worker 1 (solo)"),
        ({"lingering": ["beat 0"]}, "did not stop                  1   beat 0"),
    ],
)
def test_who_takes_no_jobs_or_does_not_stop_fails_the_drill(values, line):
    good = seen([submitted("a")], [ran("a")], [effect(1, "a")])
    assert judge(good).passed
    verdict = judge(replace(good, **values))
    assert not verdict.passed
    assert line in report(verdict, "Drill", begin=100.0)


@pytest.fixture
def notes(monkeypatch, tmp_path):
    """Lines in the table and in the journal of a drill."""

    def write(in_table, in_journal):
        monkeypatch.setattr(tables, "submissions", lambda: in_table)
        journal = Journal(journal_path(tmp_path, 0), durable=False)
        for line in in_journal:
            journal.write(line)
        journal.close()
        return {(one.key, one.job) for one in _submissions(tmp_path)}

    return write


def call(key, job, **values):
    line = {"key": key, "sort": Sort.TWIN, "job": job, "at": 1.0, "begun": 1.0, "due": 0.0}
    return line | {"unique": "t"} | values


def test_both_jobs_of_an_idempotency_key_are_remembered(notes):
    both = {("k", "j1"), ("k-again", "j2")}
    assert notes([], [call("k", "j1", again="j2")]) == both
    assert notes([call("k", "j1"), call("k-again", "j2")], [call("k", "j1", again="j2")]) == both


def test_a_journal_takes_no_job_out_of_the_table(notes):
    assert notes([call("k", "j1")], [call("k", "j2")]) == {("k", "j1"), ("k", "j2")}


def started(tmp_path, *command):
    member = Member("worker 0", lambda _starts: command)
    member.start({}, tmp_path)
    return member


@pytest.mark.parametrize("end", [Member.kill, Member.behead, Member.stop])
def test_an_end_that_somebody_caused_is_no_surprise(tmp_path, end):
    member = started(tmp_path, "/bin/sleep", "60")
    end(member)
    member.running.process.wait(10)
    assert member.look()
    assert not member.ended_by_itself


def test_an_end_that_nobody_caused_is_one_also_after_an_earlier_kill(tmp_path):
    member = started(tmp_path, "/bin/sleep", "60")
    member.kill()
    member._command = lambda _starts: ("/bin/false",)
    member.start({}, tmp_path)
    member.running.process.wait(10)
    assert member.look()
    assert member.ended_by_itself
