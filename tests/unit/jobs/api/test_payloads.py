import pytest

from jobs.api.errors import ApiError
from jobs.api.payloads import new_job, page_url


def refused(data):
    with pytest.raises(ApiError) as caught:
        new_job(data)
    assert caught.value.status == 400
    return caught.value


def test_a_task_alone_is_a_job():
    job = new_job({"task": "jobs.x"})
    assert (job.task, job.args, job.kwargs) == ("jobs.x", [], {})
    assert (job.countdown, job.queue, job.priority) == (None, None, None)


@pytest.mark.parametrize("countdown", [0, 0.5, 315_360_000])
def test_a_delay_is_up_to_ten_years(countdown):
    assert new_job({"task": "x", "countdown": countdown}).countdown == countdown


@pytest.mark.parametrize(
    "countdown", [-0.1, 315_360_001, float("inf"), float("nan"), "5", True, [], 10**400]
)
def test_any_other_delay_is_refused(countdown):
    assert refused({"task": "x", "countdown": countdown}).argument == "countdown"


@pytest.mark.parametrize("priority", [-1, 10, 5.0, "5", False, {}])
def test_a_priority_is_a_whole_number_from_0_to_9(priority):
    assert refused({"task": "x", "priority": priority}).argument == "priority"


@pytest.mark.parametrize("queue", ["", "a b", "a/b", "q\n", "ünicode", "x" * 101, 7, ["celery"]])
def test_a_queue_has_a_simple_name(queue):
    assert refused({"task": "x", "queue": queue}).argument == "queue"


@pytest.mark.parametrize("task", [None, "", 7, "x" * 256, ["x"]])
def test_a_task_is_a_text(task):
    assert refused({"task": task}).argument == "task"


@pytest.mark.parametrize(
    ("key", "value"), [("args", "text"), ("args", None), ("kwargs", []), ("kwargs", None)]
)
def test_arguments_are_a_list_and_an_object(key, value):
    assert refused({"task": "x", key: value}).argument == key


def test_an_unknown_key_is_named_with_those_that_are_known():
    error = refused({"task": "x", "prioritty": 1})
    assert error.argument == "prioritty"
    assert "priority" in str(error)


def test_a_page_needs_its_url():
    assert page_url({"url": "https://example.com/"}) == "https://example.com/"
    with pytest.raises(ApiError, match="url must be a text"):
        page_url({})
