"""What is said of a job that is ready, runs, or has ended."""

from datetime import timedelta

import pytest

from jobs.queries.sentences import Facts, note, why
from jobs.states import State
from tests.unit.jobs.queries.sentence_rows import NOW, UP, earlier, job, later

SENTENCES = [
    (
        job("queued", run_at=earlier(12)),
        Facts(workers=1, listeners=1, slots=2, busy=2, ahead=3),
        "Ready for 12 s: 3 jobs are ahead of it in queue images; 2 of 2 slots are busy.",
    ),
    (
        job("queued", run_at=earlier(12)),
        Facts(workers=1, listeners=1, slots=1, busy=1, ahead=1),
        "Ready for 12 s: 1 job is ahead of it in queue images; 1 of 1 slot is busy.",
    ),
    (
        job("queued", run_at=earlier(12)),
        Facts(workers=1, listeners=1, slots=2, busy=2, ahead=1000, ahead_is_capped=True),
        "Ready for 12 s: more than 1,000 jobs are ahead of it in queue images; "
        "2 of 2 slots are busy.",
    ),
    (
        job("queued", run_at=earlier(1)),
        Facts(workers=1, listeners=1, slots=4, busy=1),
        "Ready for 1 s: it is next in queue images; 3 of 4 slots free.",
    ),
    (
        job("queued", run_at=earlier(1), expires_at=later(300)),
        UP,
        "Ready for 1 s: it is next in queue images; 2 of 2 slots are busy. "
        "It is given up if it has not started by 14:07.",
    ),
    (
        job("queued", queue="video", run_at=earlier(300)),
        Facts(workers=1),
        "Ready for 5 min, but no worker is listening to queue video. "
        "Start one: celery -A config worker -Q video",
    ),
    (
        job("queued", run_at=earlier(300)),
        Facts(),
        "Ready for 5 min, but no worker is running at all. Start one: celery -A config worker",
    ),
    (
        job("queued", worker="n1", claimed_at=earlier(3)),
        Facts(workers=1, listeners=1, slots=2, busy=2, worker="w1"),
        "Claimed by worker w1 3 s ago; it starts there next: 2 of 2 slots are busy.",
    ),
    (
        job("queued", worker="n1", claimed_at=earlier(30)),
        Facts(worker="w1", silent=timedelta(seconds=20)),
        "Claimed by worker w1, which has been silent for 20 s: "
        "another worker takes it over shortly.",
    ),
    (
        job("queued", worker="n1", claimed_at=earlier(3), cancel_requested_at=earlier(1)),
        Facts(workers=1, worker="w1"),
        "Cancel was asked 1 s ago; it will not be started.",
    ),
    (
        job("running", worker="n1", started_at=earlier(3), attempt=1),
        Facts(workers=1, worker="x"),
        "Running for 3 s on worker x, attempt 1.",
    ),
    (
        job("running", worker="n1", started_at=earlier(3), attempt=2, max_attempts=4),
        Facts(workers=1),
        "Running for 3 s on worker n1, attempt 2 of 4.",
    ),
    (
        job("running", worker="n1", started_at=earlier(3), cancel_requested_at=earlier(2)),
        Facts(workers=1, worker="x"),
        "Cancel was asked 2 s ago; waiting for the task to stop.",
    ),
    (
        job("running", worker="n1", started_at=earlier(3), attempt=1),
        Facts(worker="x", silent=timedelta(seconds=19)),
        "It was running on worker x, which has been silent for 19 s: "
        "if that worker is dead, the job is tried again.",
    ),
    (
        job("succeeded", started_at=earlier(0.4), finished_at=NOW, attempt=1),
        Facts(),
        "Succeeded after 0.4 s.",
    ),
    (
        job("succeeded", started_at=earlier(7), finished_at=NOW, attempt=3),
        Facts(),
        "Succeeded after 7 s, on attempt 3.",
    ),
    (
        job(
            "failed",
            started_at=earlier(2),
            finished_at=NOW,
            attempt=4,
            max_attempts=4,
            error_type="HTTPError",
            error_message="503\nfrom upstream",
        ),
        Facts(),
        "Failed after 2 s, on attempt 4 of 4. HTTPError: 503",
    ),
    (
        job(
            "failed",
            started_at=earlier(2),
            finished_at=NOW,
            attempt=5,
            max_attempts=4,
            error_type="HTTPError",
        ),
        Facts(),
        "Failed after 2 s, on attempt 5. HTTPError.",
    ),
    (
        job("failed", finished_at=NOW, error_type="UnknownTask"),
        Facts(),
        "Failed before it ran. UnknownTask.",
    ),
    (
        job(
            "failed",
            started_at=earlier(2),
            finished_at=NOW,
            attempt=3,
            crashes=3,
            error_type="WorkerLost",
        ),
        Facts(),
        "Failed for good: it lost 3 workers. WorkerLost.",
    ),
    (
        job("cancelled", finished_at=NOW, error_message="Cancelled by ann."),
        Facts(),
        "Cancelled by ann, before it ran.",
    ),
    (
        job("cancelled", started_at=earlier(3), finished_at=NOW, error_message="It was too late."),
        Facts(),
        "Cancelled after 3 s: It was too late.",
    ),
    (
        job(
            "cancelled",
            finished_at=NOW,
            error_type="Expired",
            error_message="Expired: it had not started in time.",
        ),
        Facts(),
        "Expired: it had not started in time.",
    ),
    (job("cancelled", finished_at=NOW), Facts(), "Cancelled before it ran."),
]


@pytest.mark.parametrize(("row", "facts", "sentence"), SENTENCES, ids=lambda v: str(v)[:60])
def test_the_sentence_says_why(row, facts, sentence):
    assert why(row, facts, NOW) == sentence
    assert note(row, NOW).strip()


def test_every_other_state_has_a_sentence():
    assert {row.state for row, _, _ in SENTENCES} == set(State) - {State.SCHEDULED}
