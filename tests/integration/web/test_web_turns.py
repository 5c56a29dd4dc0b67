"""What the pages say of lanes, rates, unique keys and successors."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import Job
from jobs.queries.jobs import alarms, fleet, hot, job_details, next_due
from tests.integration.web.web_rows import make_job, make_lane, make_pause, make_worker

pytestmark = pytest.mark.django_db


def why(job):
    return job_details(job.id, timezone.now()).why


def in_line(age=60, **columns):
    return make_job("scheduled", waiting_for="lane", lane="order-17", age=age, **columns)


def test_a_job_in_a_lane_knows_its_place():
    make_worker()
    make_lane(width=2)
    now = timezone.now()
    make_job("running", lane="order-17", in_turn=True)
    make_job("succeeded", lane="order-17", in_turn=True)
    make_job("running", lane="other", in_turn=True)
    in_line(90)
    in_line(60, id="a", now=now)
    job = in_line(60, id="b", now=now)
    in_line(60, id="c", now=now)
    in_line(30)

    assert why(job) == (
        "Waits for its turn in lane order-17: 2 jobs are before it, 1 of 2 places is taken."
    )


def test_a_long_line_is_counted_up_to_a_bound(monkeypatch):
    monkeypatch.setattr("jobs.queries.jobs.facts._MOST_AHEAD", 2)
    make_lane()
    for _ in range(4):
        in_line(90)

    assert "more than 2 jobs are before it" in why(in_line())


def test_a_job_that_a_rate_holds_says_when_it_starts():
    make_worker()
    make_lane("host", rate_count=1, rate_seconds=1)
    job = make_job("scheduled", waiting_for="rate", lane="host", in_turn=True)

    assert why(job).endswith("lane host lets 1 job start every 1 s.")


@pytest.mark.parametrize(
    ("kind", "value"), [("queue", "celery"), ("task", "jobs.resize_image"), ("lane", "order-17")]
)
def test_a_paused_job_says_who_paused_it_and_why(kind, value):
    make_pause("queue", "other", reason="not this one")
    make_pause(kind, value, reason="the shop is closed")
    past = timezone.now() - timedelta(hours=1)
    held = make_job("scheduled", waiting_for="pause", lane="order-17", run_at=past)

    told = f'Held: ann paused {kind} {value} 3 min ago: "the shop is closed". '
    assert why(held) == told + "It goes on when somebody resumes it."
    assert why(make_job("queued", lane="order-17")).startswith(told)


def test_a_pause_whose_time_is_over_is_no_pause():
    make_pause(until=timezone.now() - timedelta(seconds=1))

    assert "Held" not in why(make_job("queued"))


def test_what_waits_for_its_turn_is_neither_late_nor_due():
    make_worker()
    past = timezone.now() - timedelta(minutes=5)
    for waiting_for in ("lane", "pause", "successor"):
        make_job("scheduled", waiting_for=waiting_for, run_at=past)
    timed = make_job("scheduled")
    now = timezone.now()

    assert [row.id for row in next_due(now)] == [timed.id]
    assert not [a for a in alarms(fleet(now), now, schedules=0) if "overdue" in a.text]


def test_the_job_page_shows_lane_and_unique_key(web):
    job = make_job(
        "queued", lane="order 17/b", unique_key="jobs.digest:shop-7", unique_scope="unfinished"
    )

    page = web.get(f"/jobs/{job.id}/").text

    assert "/jobs/?lane=order%2017/b" in page
    assert "jobs.digest:shop-7" in page
    assert "until it has finished" in page


def test_the_list_is_narrowed_to_a_lane(web):
    make_job("queued")
    job = make_job("queued", lane="order-17")

    assert [row.id for row in web.get("/jobs/?lane=order-17").context["page"].rows] == [job.id]


def test_a_paused_job_is_seen_at_once(web):
    job = make_job("scheduled", waiting_for="pause")

    assert 'class="note held">paused<' in web.get("/jobs/").text
    assert 'class="why scheduled held"' in web.get(f"/jobs/{job.id}/").text


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite is the one that minds words")
@pytest.mark.parametrize(
    ("rows", "index"), [(hot.IN_LINE, "job_lane_waiting"), (hot.IN_TURN, "job_lane_in_turn")]
)
def test_a_lane_is_counted_by_its_index(rows, index):
    plan = Job.objects.filter(rows, lane="x").order_by().explain()

    assert index in plan
