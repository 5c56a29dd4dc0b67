from datetime import UTC, datetime

import pytest

from jobs.api.errors import ApiError
from jobs.api.pause_payloads import new_pause
from jobs.api.payloads import new_job

NOW = datetime(2031, 5, 6, 7, 8, tzinfo=UTC)
TEXTS = ["", "x" * 201, 7, ["a"], "a\x00", "a\nb", "\ud800"]


def refused(check, *given):
    with pytest.raises(ApiError) as caught:
        check(*given)
    assert (caught.value.status, caught.value.code) == (400, "invalid_value")
    return caught.value.argument


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("lane", value) for value in [*TEXTS, True]),
        *(("lane_width", value) for value in [0, -1, 10_001, 1.0, "1", True]),
        *(("lane_rate", value) for value in ["", "10", "0/s", "1/d", "1/s\n", "\u0661/s", 5]),
        *(("unique", value) for value in TEXTS),
        *(("unique_for", v) for v in [0, -1, True, "ever", "", [], 1e999, float("nan"), 10**400]),
        *(("on_conflict", value) for value in ["last", "", True, []]),
        *(("idempotency_key", value) for value in [*TEXTS, True]),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(key, value):
    assert refused(new_job, {"task": "x", "lane": "l", "unique": "u", key: value}) == key


@pytest.mark.parametrize(
    ("key", "value"),
    [("lane_width", 2), ("lane_rate", "1/s"), ("unique_for", 5), ("on_conflict", "first")],
)
def test_what_would_change_nothing_is_refused(key, value):
    assert refused(new_job, {"task": "x", key: value}) == key


def test_two_keys_at_once_are_refused():
    data = {"task": "x", "unique": True, "idempotency_key": "k"}
    assert refused(new_job, data) == "idempotency_key"


def test_a_turn_has_what_was_asked_for_alone():
    turn = {"lane": "order-17", "lane_width": 4, "lane_rate": "5/h", "unique": True}
    assert new_job({"task": "x", **turn, "unique_for": None}).turn == turn
    assert new_job({"task": "x"}).turn == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("kind", value) for value in [None, "", "world", 7, ["queue"]]),
        *(("value", value) for value in [None, "", "x" * 256, 7, "\x00", "\ud800"]),
        *(("reason", value) for value in ["x" * 501, 7, "a\x00"]),
        *(
            ("until", value)
            for value in [
                "",
                "soon",
                7,
                "2031-05-06T07:08:00Z",
                "2031-05-07T07:08:00",
                "2031-13-07T07:08:00Z",
                "9999-12-31T23:59:59-14:00",
            ]
        ),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused(key, value):
    assert refused(new_pause, {"kind": "queue", "value": "celery", key: value}, NOW) == key


def test_a_pause_needs_kind_and_value_alone():
    pause = new_pause({"kind": "task", "value": "a.b"}, NOW)
    assert (pause.reason, pause.until) == ("", None)
