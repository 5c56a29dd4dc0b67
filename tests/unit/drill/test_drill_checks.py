"""Each figure of the drill's report, and that each of them can fail it."""

import pytest

from drill.calls import Sort
from drill.checks import judge
from drill.plan import Kind
from drill.report import report
from tests.unit.drill.evidence import died, effect, hit, ran, seen, submitted


def test_a_drill_in_which_everything_was_done_once_passes():
    verdict = judge(seen([submitted("a")], [ran("a")], [effect(1, "a")]))
    assert verdict.passed
    assert sum(verdict.submitted.values()) == sum(verdict.run.values()) == 1


def test_a_job_without_its_effect_is_lost():
    verdict = judge(seen([submitted("a"), submitted("b")], [ran("a")], [effect(1, "a")]))
    assert verdict.lost == ["b"]
    assert not verdict.passed


def test_a_call_that_only_the_journal_or_only_the_table_knows_is_lost_all_the_same():
    verdict = judge(seen([submitted("a", journaled=False), submitted("b", journaled=True)]))
    assert verdict.lost == ["a", "b"]


def test_an_effect_that_was_promised_once_and_came_twice_is_doubled():
    verdict = judge(seen([submitted("a")], [ran("a")], [effect(1, "a"), effect(2, "a")]))
    assert verdict.doubled == ["a"]
    assert not verdict.passed


def test_a_plain_job_may_run_again():
    verdict = judge(
        seen([submitted("a", Sort.PLAIN)], [ran("a")], [effect(1, "a"), effect(2, "a")])
    )
    assert (verdict.repeated, verdict.passed) == (1, True)


def in_a_lane(*places):
    return [submitted(f"j{p}", Sort.LANE, lane="l", place=p) for p in places]


def test_a_lane_in_the_order_of_its_calls_is_in_order():
    runs = [ran("j1", 100.1, 100.2), ran("j2", 100.3, 100.4)]
    effects = [effect(1, "j1", 100.2), effect(2, "j2", 100.4)]
    assert judge(seen(in_a_lane(1, 2), runs, effects)).passed


def test_effects_of_a_lane_in_another_order_are_out_of_order():
    runs = [ran("j1", 100.3, 100.4), ran("j2", 100.1, 100.2)]
    effects = [effect(1, "j2", 100.2), effect(2, "j1", 100.4)]
    assert judge(seen(in_a_lane(1, 2), runs, effects)).out_of_order == ["j2"]


def test_a_job_of_a_lane_that_begins_before_the_one_in_front_has_ended_is_out_of_order():
    runs = [ran("j1", 100.1, 100.5), ran("j2", 100.3, 100.6)]
    effects = [effect(1, "j1", 100.5), effect(2, "j2", 100.6)]
    assert judge(seen(in_a_lane(1, 2), runs, effects)).out_of_order == ["j2"]


def test_two_lanes_have_no_order_between_them():
    other = submitted("k", Sort.LANE, lane="m", place=1)
    runs = [ran("j2", 100.1, 100.2), ran("k", 100.1, 100.2)]
    effects = [effect(1, "j2"), effect(2, "k")]
    assert judge(seen([*in_a_lane(2), other], runs, effects)).passed


def test_two_jobs_of_a_unique_key_side_by_side_are_not_unique():
    both = [submitted(j, Sort.UNIQUE, at, unique="u") for j, at in (("a", 100.0), ("b", 101.0))]
    runs = [ran("a", 100.5, 102.0), ran("b", 102.5, 103.0)]
    effects = [effect(1, "a", 102.0), effect(2, "b", 103.0)]
    assert judge(seen(both, runs, effects)).not_unique == ["b"]


def test_a_unique_job_after_the_end_of_the_one_before_is_fine():
    both = [submitted(j, Sort.UNIQUE, at, unique="u") for j, at in (("a", 100.0), ("b", 103.0))]
    runs = [ran("a", 100.5, 102.0), ran("b", 103.5, 104.0)]
    effects = [effect(1, "a", 102.0), effect(2, "b", 104.0)]
    assert judge(seen(both, runs, effects)).passed


def test_a_call_that_is_answered_with_the_job_that_is_there_is_no_job_of_its_own():
    calls = [submitted("a", Sort.UNIQUE, at, unique="u") for at in (100.0, 100.1)]
    verdict = judge(seen(calls, [ran("a")], [effect(1, "a")]))
    assert (sum(verdict.submitted.values()), verdict.answered, verdict.passed) == (1, 1, True)


def test_two_jobs_of_an_idempotency_key_are_not_unique_however_late_the_second_is():
    both = [submitted(j, Sort.TWIN, at, unique="t") for j, at in (("a", 100.0), ("b", 900.0))]
    runs = [ran("a"), ran("b", 900.5, 901.0)]
    assert judge(seen(both, runs, [effect(1, "a"), effect(2, "b", 901.0)])).not_unique == ["b"]


@pytest.mark.parametrize("evidence", [{"runs": [ran("g")]}, {"effects": [effect(1, "g")]}])
def test_a_job_that_nobody_has_submitted_is_a_ghost(evidence):
    verdict = judge(seen(**evidence))
    assert (verdict.ghosts, verdict.passed) == (["g"], False)


def test_a_job_that_begins_before_its_time_is_too_early():
    call = submitted("a", Sort.DELAYED, due=105.0)
    verdict = judge(seen([call], [ran("a", 104.0)], [effect(1, "a", 104.1)]))
    assert verdict.early == ["a"]
    assert judge(seen([call], [ran("a", 105.1, 105.2)], [effect(1, "a", 105.2)])).passed


def test_two_jobs_of_one_tick_are_a_doubled_tick():
    ticks = {"a": 104.0, "b": 104.0}
    runs = [ran(job, 104.1, 104.2) for job in ticks]
    verdict = judge(seen((), runs, [effect(1, "a", 104.2), effect(2, "b", 104.2)], ticks=ticks))
    assert verdict.doubled_ticks == ["tick 104"]
    assert not verdict.passed


def test_a_tick_without_a_job_is_lost():
    ticks = {"a": 104.0, "b": 108.0}
    runs = [ran("a", 104.1, 104.2), ran("b", 108.1, 108.2)]
    effects = [effect(1, "a", 104.2), effect(2, "b", 108.2)]
    assert judge(seen((), runs, effects, ticks=ticks)).lost == ["tick 106"]


def test_rows_that_never_end_fail_the_drill():
    assert not judge(seen(unfinished=1)).passed


def test_a_recovery_of_thirty_seconds_is_too_slow():
    def waited(seconds):
        runs = [died("a", 100.1, pid=7), ran("a", 101 + 2 + seconds, 140, attempt=2)]
        return judge(seen([submitted("a")], runs, [effect(1, "a", 140)], [hit(101.0, 7)]))

    assert waited(29.0).passed
    assert not waited(30.0).passed


def test_a_job_that_is_hit_again_and_again_may_not_wait_for_ever():
    def waited(seconds):
        flushed = [
            hit(100.0 + at, kind=Kind.REDIS_FLUSHED, jobs=["a"]) for at in range(20, seconds, 20)
        ]
        runs = [ran("a", 100.0 + seconds, 100.1 + seconds)]
        return judge(seen([submitted("a")], runs, [effect(1, "a", 100.1 + seconds)], flushed))

    assert waited(89).passed
    verdict = waited(310)
    assert (verdict.passed, verdict.longest, verdict.slowest.seconds) == (False, 310.0, 10.0)
    assert "longest wait            310.0 s" in report(verdict, "Drill", begin=90.0)


def test_the_report_names_the_figures_the_faults_and_the_verdict():
    verdict = judge(
        seen(
            [submitted("a"), submitted("gone")],
            [died("a", 100.1, pid=7), ran("a", 118.0, 118.1, attempt=2)],
            [effect(1, "a", 118.1)],
            [hit(101.0, 7)],
        )
    )
    text = report(verdict, "Drill: seed 1", begin=90.0)
    assert "lost                          1   gone" in text
    assert "slowest recovery         15.0 s" in text
    assert "worker killed                           1" in text
    assert "worker killed (worker 0 (prefork)) at 11.0 s" in text
    assert text.endswith("FAILED")


@pytest.mark.parametrize("sort", [Sort.CHAIN, Sort.BATCH])
def test_what_waits_for_others_and_begins_before_they_are_done_is_out_of_order(sort):
    jobs = [submitted("a", sort), submitted("b", sort), submitted("end", sort, after=("a", "b"))]

    def judged(begin):
        runs = [ran("a"), ran("b", 100.3, 100.6), ran("end", begin, 101.0)]
        return judge(
            seen(jobs, runs, [effect(1, "a"), effect(2, "b", 100.6), effect(3, "end", 101.0)])
        )

    assert judged(100.7).passed
    assert judged(100.4).out_of_order == ["end"]


def test_what_waits_for_others_and_begins_although_one_was_lost_is_out_of_order():
    jobs = [submitted("a", Sort.CHAIN), submitted("b", Sort.CHAIN, after=("a",))]
    verdict = judge(seen(jobs, [ran("b")], [effect(1, "b")]))
    assert (verdict.lost, verdict.out_of_order) == (["a"], ["b"])
