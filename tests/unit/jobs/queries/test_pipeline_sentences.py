from datetime import UTC, datetime, timedelta

import pytest

from jobs.models import Pipeline
from jobs.queries.pipelines.progress import Progress
from jobs.queries.pipelines.sentences import headline

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


def said(pipeline=None, per_second=0.0, again=0, **counts):
    states = {"waiting": 0, "running": 0, "done": 0, "failed": 0, "cancelled": 0} | counts
    progress = Progress(
        total=sum(states.values()), again=again, stages=(), per_second=per_second, **states
    )
    row = Pipeline(created_at=NOW - timedelta(minutes=3), **(pipeline or {}))
    return headline(row, progress, NOW)


ENDED = {"finished_at": NOW}
CANCELLED = {"cancelled_at": NOW, "cancelled_by": "ben"}


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("1 picture to make. Waiting for a free worker.", {"waiting": 1}),
        (
            "1 of 4 pictures done, 1 failed. 2.0 a second, about 1 s left.",
            {"running": 2, "done": 1, "failed": 1, "per_second": 2.0},
        ),
        (
            "1 of 3 pictures done. 30 a minute, about 4 s left. 1 waits for another try.",
            {"running": 1, "waiting": 1, "again": 1, "done": 1, "per_second": 0.5},
        ),
        ("1 of 3 pictures done. Waiting for a free worker.", {"waiting": 2, "done": 1}),
        ("0 of 2 pictures done. 2 wait for another try.", {"waiting": 2, "again": 2, "done": 0}),
        ("All 3 pictures are done. It took 3 min.", {"pipeline": ENDED, "done": 3}),
        ("The picture is done. It took 3 min.", {"pipeline": ENDED, "done": 1}),
        (
            "It took 3 min. 1 of 2 pictures done, 1 failed.",
            {"pipeline": ENDED, "done": 1, "failed": 1},
        ),
        (
            "Cancelled by ben: what runs is being stopped. 1 of 2 pictures done.",
            {"pipeline": CANCELLED, "done": 1, "running": 1},
        ),
        (
            "Cancelled by ben after 3 min. 1 of 2 pictures done, 1 cancelled.",
            {"pipeline": CANCELLED | ENDED, "done": 1, "cancelled": 1},
        ),
    ],
)
def test_where_a_pipeline_stands(text, given):
    assert said(**given) == text


def test_a_destination_that_is_down_is_told_with_the_next_try():
    held = {"held_until": NOW + timedelta(seconds=20), "held_reason": "Nobody answers."}
    assert said(held, done=1, waiting=1) == (
        "1 of 2 pictures done. The destination takes nothing: Nobody answers. Nothing is lost; it "
        "is tried again at 07:08:29, and everything goes on by itself once it answers."
    )
