"""Arguments are refused at submit, with the name of the one at fault."""

import datetime
import decimal
import uuid

import pytest
from celery import shared_task
from kombu.utils.json import loads

from jobs.engine.arguments import check_signature, encode, may_retry
from jobs.errors import InvalidArguments


@shared_task(name="test.unit.plain")
def plain(size, *, colour="red"):
    """A task."""


@shared_task(name="test.unit.bound", bind=True)
def bound(self, size):
    """A task that sees itself."""


@shared_task(name="test.unit.retried", autoretry_for=(OSError,))
def retried(size):
    """A task that Celery retries."""


@pytest.mark.parametrize("task", [plain, bound, retried])
def test_arguments_that_fit_pass(task):
    check_signature(task, [1], {})
    check_signature(task, [], {"size": 1})


@pytest.mark.parametrize("task", [plain, bound, retried])
@pytest.mark.parametrize(
    ("args", "kwargs", "named"),
    [([], {}, "size"), ([1], {"shape": 2}, "shape"), ([1], {"size": 2}, "size")],
)
def test_arguments_that_do_not_fit_are_refused_by_name(task, args, kwargs, named):
    with pytest.raises(InvalidArguments, match=task.name) as caught:
        check_signature(task, args, kwargs)
    assert caught.value.argument == named


def test_too_many_arguments_are_refused():
    with pytest.raises(InvalidArguments, match="too many positional"):
        check_signature(plain, [1, 2, 3], {})


def test_what_is_no_json_is_refused_by_name():
    with pytest.raises(InvalidArguments, match=r"'colour'.*object") as caught:
        encode("t", [1], {"colour": object()}, {})
    assert caught.value.argument == "colour"
    with pytest.raises(InvalidArguments) as caught:
        encode("t", [1, {2, 3}], {}, {})
    assert caught.value.argument == "args[1]"


def test_a_value_that_contains_itself_is_refused_and_not_followed_for_ever():
    circle = []
    circle.append(circle)
    with pytest.raises(InvalidArguments) as caught:
        encode("t", [circle], {}, {})
    assert caught.value.argument == "args[0]"


def test_dates_decimals_and_uuids_come_back_as_such():
    values = [datetime.datetime(2026, 1, 2, 3), decimal.Decimal("1.10"), uuid.uuid4(), "日本語"]
    assert loads(encode("t", values, {}, {}))[0] == values


def test_only_tasks_that_can_come_back_have_several_attempts():
    assert [may_retry(task) for task in (plain, bound, retried)] == [False, True, True]
