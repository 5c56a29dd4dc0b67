"""Why a job waits: its turn, a rate, a pause, a moment, another attempt."""

import pytest

from jobs.models import Lane
from jobs.queries.sentences import Facts, note, why
from jobs.states import WaitingFor
from tests.unit.jobs.queries.sentence_rows import (
    HOST,
    NOW,
    SHUT,
    STRICT,
    UP,
    earlier,
    job,
    later,
    pause,
)

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
]


@pytest.mark.parametrize(("row", "facts", "sentence"), SENTENCES, ids=lambda v: str(v)[:60])
def test_the_sentence_says_why(row, facts, sentence):
    assert why(row, facts, NOW) == sentence
    assert note(row, NOW).strip()


def test_everything_that_a_job_may_wait_for_has_a_sentence():
    assert {row.waiting_for for row, _, _ in SENTENCES} == set(WaitingFor)
