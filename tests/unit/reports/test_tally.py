from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.build.day import Day
from reports.build.schedules import schedule_facts
from reports.build.summary import summary_of
from reports.build.tally import Tally
from tests.unit.reports.report_rows import NOON, Attempts, Row, Schedule

DAY = Day.on(date(2026, 7, 1), ZoneInfo("UTC"))


def facts_of(finished=(), created=(), attempts=(), schedules=()):
    tally = Tally(DAY)
    tally.add_created(created)
    tally.add_finished(finished)
    tally.add_attempts(attempts)
    return tally.facts(made_at=DAY.end, thinned=False, schedules=list(schedules))


def failed(kind="ValueError", message="no", fingerprint="", **more):
    return Row(
        state="failed",
        error_type=kind,
        error_message=message,
        error_fingerprint=fingerprint,
        **more,
    )


def test_a_day_without_jobs_has_facts():
    facts = facts_of()
    assert facts.outcomes.finished == 0
    assert facts.outcomes.success_rate is None
    assert len(facts.hours) == 24


def test_cancelled_jobs_do_not_count_against_success():
    facts = facts_of([Row(), Row(), Row(), failed(), Row(state="cancelled")])
    assert facts.outcomes.success_rate == 0.75
    assert facts.outcomes.finished == 5


def test_jobs_are_counted_in_the_hour_of_their_end_and_of_their_submission():
    facts = facts_of([Row(finished_at=DAY.end - timedelta(microseconds=1))], [Row()])
    assert facts.hours[23].outcomes.succeeded == 1
    assert facts.hours[12].submitted == 1
    assert facts.submitted == 1


def test_a_job_that_was_asked_to_start_later_did_not_wait():
    delayed = Row(created_at=NOON - timedelta(hours=5), run_at=NOON - timedelta(seconds=2))
    assert facts_of([delayed]).waits.longest == 2


def test_clocks_that_disagree_make_no_negative_times():
    odd = Row(run_at=NOON + timedelta(seconds=1), finished_at=NOON - timedelta(seconds=1))
    facts = facts_of([odd])
    assert facts.waits.p50 == 0
    assert facts.runs.p50 == 0


def test_a_job_that_never_started_has_neither_wait_nor_run_time():
    facts = facts_of([Row(state="cancelled", started_at=None)])
    assert facts.waits.count == facts.runs.count == 0
    assert facts.slowest == []


def test_submitted_jobs_that_have_not_ended_are_unfinished():
    assert facts_of(created=[Row(), replace(Row(), finished_at=None)]).unfinished == 1


def test_each_task_has_its_own_numbers_and_the_busiest_comes_first():
    slow = Row(task="画像.縮小", finished_at=NOON + timedelta(seconds=9))
    facts = facts_of([slow, Row(), Row()], attempts=[Attempts("shop.pay", "retried", 3)])
    assert [task.name for task in facts.tasks] == ["shop.pay", "画像.縮小"]
    assert facts.tasks[1].runs.p95 == 9
    assert facts.tasks[0].attempts == 3
    assert facts.attempts == {"retried": 3}


def test_the_ten_slowest_are_kept_longest_first():
    rows = [Row(id=str(n), finished_at=NOON + timedelta(seconds=n)) for n in range(50)]
    assert [slow.id for slow in facts_of(rows).slowest] == [str(n) for n in range(49, 39, -1)]


def test_jobs_that_ran_equally_long_are_no_trouble():
    assert len(facts_of([Row(id="same")] * 30).slowest) == 10


def test_failures_of_one_fingerprint_are_one_group_with_the_last_message():
    later = NOON + timedelta(minutes=1)
    facts = facts_of(
        [
            failed(message="order 2", fingerprint="f", finished_at=later, id="late"),
            failed(message="order 1", fingerprint="f", finished_at=NOON, task="shop.mail"),
            failed(kind="OSError"),
        ]
    )
    first, second = facts.failures
    assert (first.count, first.message, first.job_id) == (2, "order 2", "late")
    assert (first.first_at, first.last_at) == (NOON, later)
    assert first.tasks == (("shop.mail", 1), ("shop.pay", 1))
    assert second.error_type == "OSError"


def test_failures_without_a_fingerprint_are_grouped_by_type():
    facts = facts_of([failed(message="a"), failed(message="b"), failed(kind="OSError")])
    assert [(group.error_type, group.count) for group in facts.failures] == [
        ("ValueError", 2),
        ("OSError", 1),
    ]


def test_a_schedule_tells_its_runs_and_what_became_of_them():
    runs = [
        Row(schedule="hourly"),
        failed(schedule="hourly", created_at=NOON + timedelta(hours=1)),
        replace(Row(schedule="hourly", state="queued"), started_at=None, finished_at=None),
    ]
    (facts,) = schedule_facts([Schedule("hourly")], runs)
    assert (facts.runs, facts.outcomes.succeeded, facts.outcomes.failed) == (3, 1, 1)
    assert facts.unfinished == 1
    assert facts.last_at == NOON + timedelta(hours=1)
    assert facts.run_times.p95 == 1


def test_an_enabled_schedule_without_a_run_is_missed_and_a_disabled_one_is_not():
    facts = schedule_facts([Schedule("on"), Schedule("off", enabled=False)], [])
    assert [(each.name, each.missed) for each in facts] == [("off", False), ("on", True)]
    assert summary_of(facts_of(schedules=facts))["missed_schedules"] == ["on"]


def test_a_schedule_that_was_deleted_still_tells_its_runs():
    (facts,) = schedule_facts([], [Row(schedule="gone", task="shop.old")])
    assert (facts.name, facts.task, facts.enabled) == ("gone", "shop.old", None)
    assert not facts.missed


def test_the_summary_names_the_ten_largest_causes():
    facts = facts_of([failed(kind=f"Error{n:02}") for n in range(12)])
    summary = summary_of(facts)
    assert len(summary["failures"]) == 10
    assert summary["more_failures"] == 2


def test_a_report_made_before_midnight_is_one_so_far():
    facts = replace(facts_of(), made_at=datetime(2026, 7, 1, 23, 59, tzinfo=UTC))
    assert facts.so_far
    assert not facts_of().so_far
