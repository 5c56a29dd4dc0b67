"""The limits of a lane over HTTP."""

import json

import pytest

from jobs.models import Lane
from tests.acceptance import workload

pytestmark = pytest.mark.django_db

ADDRESS = "/api/lanes/shop 7/order 8"


def change(program, limits, address=ADDRESS):
    return program.patch(address, json.dumps(limits), content_type="application/json")


@pytest.fixture(autouse=True)
def _lane():
    for _ in range(3):
        workload.add.apply_async((1, 2), lane="shop 7/order 8", lane_width=2, lane_rate="1/h")


def test_a_lane_is_shown_with_who_is_in_it(program):
    shown = program.get(ADDRESS).json()

    assert shown.pop("created_at")
    assert shown == {
        "key": "shop 7/order 8",
        "url": "http://testserver/api/lanes/shop%207/order%208",
        "width": 2,
        "rate": "1/h",
        "on_the_way": 0,
        "waiting": 3,
        "changed_by": None,
        "changed_at": None,
    }


def test_what_is_given_changes_and_the_rest_stays(program):
    wide = change(program, {"width": 5}).json()
    quick = change(program, {"rate": "100/m"}).json()
    free = change(program, {"width": 6, "rate": None}).json()

    assert (wide["width"], wide["rate"], wide["changed_by"]) == (5, "1/h", "token:ci")
    assert (quick["width"], quick["rate"]) == (5, "100/m")
    assert (free["width"], free["rate"]) == (6, None)
    assert free["changed_at"]


@pytest.mark.parametrize(
    "limits", [{}, {"width": 0}, {"width": None}, {"width": True}, {"rate": "fast"}, {"wide": 2}]
)
def test_what_makes_no_sense_changes_nothing(program, limits):
    assert change(program, limits).status_code == 400
    assert Lane.objects.get().width == 2


@pytest.mark.parametrize("key", ["another", "%00", "x" * 300])
def test_a_lane_that_no_job_has_named_is_not_found(program, key):
    for answer in (
        program.get(f"/api/lanes/{key}"),
        change(program, {"width": 2}, f"/api/lanes/{key}"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_lanes_need_a_token(stranger):
    assert stranger.get(ADDRESS).status_code == 401
    assert change(stranger, {"width": 9}).status_code == 401
    assert Lane.objects.get().width == 2
