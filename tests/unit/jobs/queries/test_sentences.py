from datetime import UTC, datetime, timedelta

import pytest

from jobs.models import Job, Lane, Pause
from jobs.queries.sentences import Facts, ago, clock, count_of, note, spell, why
from jobs.states import State, WaitingFor

NOW = datetime(2026, 3, 4, 14, 2, tzinfo=UTC)
UP = Facts(workers=2, listeners=1, slots=2, busy=2)


def job(state, **columns):
    row = {"id": "j", "task": "t", "queue": "images", "created_at": NOW, "run_at": NOW}
    return Job(state=state, **row | columns)


def earlier(seconds):
    return NOW - timedelta(seconds=seconds)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def pause(kind="queue", value="images", **columns):
    row = {"paused_by": "ann", "created_at": earlier(180)}
    return Pause(kind=kind, value=value, **row | columns)


STRICT = Lane(key="order-17", width=1)
HOST = Lane(key="host", width=2, rate_count=1, rate_seconds=1)
SHUT = pause(reason="the shop is closed", until=later(7200))

SENTENCES = [
    (
        job("scheduled", waiting_for="lane", lane="order-17", run_at=earlier(9)),
        Facts(workers=1, lane=STRICT, ahead=3, taken=1),
        "Waits for its turn in lane order-17: 3 jobs are before it, 1 of 1 places is taken.",
    ),
    (
        job("scheduled", waiting_for="lane", lane="host", run_at=earlier(9)),
        Facts(workers=1, lane=HOST, taken=2),
        "Waits for its turn in lane host: it is next, 2 of 2 places are taken.",
    ),
    (
        job("scheduled", waiting_for="lane", lane="host"),
        Facts(workers=1, lane=HOST, ahead=1000, ahead_is_capped=True, taken=2),
        "Waits for its turn in lane host: more than 1,000 jobs are before it, "
        "2 of 2 places are taken.",
    ),
    (
        job("scheduled", waiting_for="lane", lane="order-17"),
        Facts(lane=STRICT, ahead=1, taken=1, pauses=[pause("lane", "order-17")]),
        "Waits for its turn in lane order-17: 1 job is before it, 1 of 1 places is taken. "
        "After that it is held: ann paused lane order-17 3 min ago. "
        "It goes on when somebody resumes it. But no worker is running at all. "
        "Start one: celery -A config worker",
    ),
    (
        job("scheduled", waiting_for="lane", lane="order-17"),
        UP,
        "Waits for its turn in lane order-17.",
    ),
    (
        job("scheduled", waiting_for="rate", lane="host", run_at=later(2)),
        Facts(workers=1, lane=HOST),
        "Waits until 14:02:02 (in 2 s): lane host lets 1 job start every 1 s.",
    ),
    (
        job("scheduled", waiting_for="rate", lane="host", run_at=earlier(2)),
        Facts(workers=1, lane=Lane(key="host", rate_count=10, rate_seconds=60)),
        "It may start (lane host lets 10 jobs start every 1 min): "
        "it goes into queue images in a moment.",
    ),
    (
        job("scheduled", waiting_for="rate", lane="host", run_at=later(2)),
        Facts(workers=1, lane=STRICT),
        "Waits until 14:02:02 (in 2 s): lane host lets it start then.",
    ),
    (
        job("scheduled", waiting_for="pause", run_at=earlier(300)),
        Facts(workers=1, pauses=[SHUT]),
        'Held: ann paused queue images 3 min ago: "the shop is closed". '
        "It goes on when somebody resumes it, or by itself at 16:02.",
    ),
    (
        job("scheduled", waiting_for="pause", run_at=earlier(300)),
        Facts(pauses=[SHUT, pause("task", "t", paused_by="")]),
        'Held: ann paused queue images 3 min ago: "the shop is closed"; '
        "somebody paused task t 3 min ago. It goes on when somebody resumes all of them.",
    ),
    (
        job("scheduled", waiting_for="pause", run_at=earlier(300)),
        UP,
        "Held by a pause that has ended: it goes into queue images in a moment.",
    ),
    (
        job("queued", run_at=earlier(300)),
        Facts(workers=1, listeners=1, pauses=[pause()]),
        "Held: ann paused queue images 3 min ago. It goes on when somebody resumes it.",
    ),
    (
        job("scheduled", waiting_for="time", run_at=earlier(4)),
        Facts(workers=1, pauses=[pause()]),
        "Held: ann paused queue images 3 min ago. It goes on when somebody resumes it.",
    ),
    (
        job("scheduled", waiting_for="time", run_at=later(180)),
        Facts(workers=1, pauses=[pause()]),
        "Waits until 14:05 (in 3 min): it was submitted with a delay. After that it is held: "
        "ann paused queue images 3 min ago. It goes on when somebody resumes it.",
    ),
    (
        job("scheduled", waiting_for="successor", run_at=earlier(300)),
        UP,
        "Replaced itself by other jobs and waits for the last of them.",
    ),
    (
        job("scheduled", waiting_for="time", run_at=later(180)),
        UP,
        "Waits until 14:05 (in 3 min): it was submitted with a delay.",
    ),
    (
        job("scheduled", waiting_for="time", run_at=later(180)),
        Facts(),
        "Waits until 14:05 (in 3 min): it was submitted with a delay. But no worker is running "
        "at all. Start one: celery -A config worker",
    ),
    (
        job(
            "scheduled",
            waiting_for="retry",
            run_at=later(40),
            attempt=2,
            max_attempts=4,
            error_type="HTTPError",
        ),
        UP,
        "Will be tried again in 40 s: attempt 2 of 4 failed with HTTPError.",
    ),
    (
        job("scheduled", waiting_for="retry", run_at=later(40), attempt=2, error_type="HTTPError"),
        UP,
        "Will be tried again in 40 s: attempt 2 failed with HTTPError.",
    ),
    (
        job("scheduled", waiting_for="crash", run_at=later(5), crashes=1),
        UP,
        "Will be tried again in 5 s: its worker died while it ran (crash 1 of 3).",
    ),
    (
        job("scheduled", waiting_for="time", run_at=earlier(4)),
        UP,
        "Due for 4 s: it goes into queue images in a moment.",
    ),
    (
        job("scheduled", waiting_for="time", run_at=earlier(4)),
        Facts(),
        "Due for 4 s, but no worker is running at all. Start one: celery -A config worker",
    ),
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


def test_every_state_has_a_sentence_and_a_note():
    assert {row.state for row, _, _ in SENTENCES} == set(State)
    assert {row.waiting_for for row, _, _ in SENTENCES} == set(WaitingFor)
    for row, facts, _ in SENTENCES:
        assert why(row, facts, NOW).strip()
        assert note(row, NOW).strip()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (job("scheduled", waiting_for="time", run_at=later(180)), "in 3 min"),
        (job("scheduled", waiting_for="retry", run_at=later(40)), "again in 40 s"),
        (job("scheduled", waiting_for="time", run_at=earlier(1)), "in a moment"),
        (job("scheduled", waiting_for="lane", lane="order-17"), "waits in lane order-17"),
        (job("scheduled", waiting_for="rate", lane="host", run_at=later(2)), "in 2 s"),
        (job("scheduled", waiting_for="pause", run_at=earlier(300)), "paused"),
        (job("scheduled", waiting_for="successor"), "waits for what replaced it"),
        (job("queued", run_at=earlier(12)), "ready for 12 s"),
        (job("running", started_at=earlier(3)), "for 3 s"),
        (job("succeeded", started_at=earlier(0.4), finished_at=NOW), "took 0.4 s"),
        (job("failed", started_at=earlier(2), finished_at=NOW), "after 2 s"),
        (job("cancelled", finished_at=NOW), "never ran"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_the_note_is_short(row, expected):
    assert note(row, NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.042, "42 ms"),
        (0.4, "0.4 s"),
        (3, "3 s"),
        (9.97, "10 s"),
        (59.4, "59 s"),
        (59.9, "1 min"),
        (61, "1 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (3 * 86400, "3 days"),
    ],
)
def test_a_span_is_spelled_as_one_says_it(seconds, words):
    assert spell(timedelta(seconds=seconds)) == words


def test_what_counts_up_has_whole_seconds():
    assert ago(earlier(3.7), NOW) == "3 s"


def test_a_moment_of_another_day_says_which(settings):
    settings.TIME_ZONE = "UTC"

    assert clock(later(60), NOW) == "14:03"
    assert clock(later(86400), NOW) == "14:02 on 5 Mar"
    assert clock(later(400 * 86400), NOW) == "14:02 on 8 Apr 2027"


def test_numbers_agree_with_their_nouns():
    assert (count_of(1, "job"), count_of(1200, "job")) == ("1 job", "1,200 jobs")
