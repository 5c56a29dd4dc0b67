"""Rules around a task's function, without a worker: direct calls, eager ones, classes."""

import pytest
from celery import Task, current_app, shared_task

from jobs.engine.retries.retrying import allowed_attempts, verdict_on
from jobs.engine.retry_rules import On, never
from jobs.engine.task import JobTask
from jobs.errors import InvalidRetryRule

RAN = []


def runs(task, *args):
    """How often an eager call ran, and what it came to."""
    RAN.clear()
    result = task.apply(args)
    return len(RAN), result.result


@shared_task(
    name="test.unit_ruled", retry_rules=(On(OSError, 0, attempts=3), On(ValueError, never))
)
def ruled(error):
    RAN.append(error)
    raise error


@shared_task(
    name="test.unit_both",
    bind=True,
    retry_rules=(On(FileNotFoundError, never),),
    autoretry_for=(OSError,),
    max_retries=1,
    default_retry_delay=0,
)
def both(self, error):
    RAN.append(error)
    raise error


def test_a_direct_call_is_a_call_of_the_function():
    with pytest.raises(OSError, match="disk"):
        ruled(OSError("disk"))


def test_an_eager_call_follows_the_rules():
    error = OSError("disk")
    assert runs(ruled, error) == (3, error)
    assert runs(ruled, ValueError("wrong"))[0] == 1
    assert runs(ruled, KeyError("none"))[0] == 1


def test_a_rule_comes_before_autoretry_and_leaves_it_the_rest():
    assert runs(both, FileNotFoundError("gone"))[0] == 1
    assert runs(both, PermissionError("no"))[0] == 2


def test_a_task_of_a_class_has_its_rules_too():
    class Fetch(JobTask):
        name = "test.unit_class"
        retry_rules = (On(OSError, 0, attempts=2),)

        def run(self, error):
            RAN.append(error)
            raise error

    task = current_app.register_task(Fetch())
    assert runs(task, OSError("disk"))[0] == 2
    assert current_app.register_task(task) is task  # once more: nothing is wrapped twice
    assert runs(task, OSError("disk"))[0] == 2


def test_a_task_with_a_base_class_of_its_own_has_celerys_options_alone():
    @current_app.task(name="test.unit_plain", base=Task, bind=True, max_retries=4)
    def plain(self):
        return "done"

    assert not isinstance(plain, JobTask)
    assert allowed_attempts(plain, {}) == 5
    assert verdict_on(plain, "a", {}, OSError()) is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"retry_rules": [OSError]}, "retry_rules of test.unit_bad must be a tuple of On"),
        ({"max_attempts": 0}, "max_attempts of test.unit_bad=0 must be a whole number"),
    ],
)
def test_a_task_whose_rules_make_no_sense_is_not_registered_silently(options, said):
    class Bad(JobTask):
        name = "test.unit_bad"
        run = None

    for name, value in options.items():
        setattr(Bad, name, value)
    with pytest.raises(InvalidRetryRule, match=said):
        Bad().add_rules()


@pytest.mark.parametrize(
    ("task", "headers", "allowed"),
    [
        (ruled, {}, 3),
        (ruled, {"max_attempts": 2}, 2),
        (ruled, {"max_attempts": 9}, 3),
        (both, {}, 2),
        (None, {"max_attempts": 4}, 4),
        (None, {}, None),
    ],
)
def test_a_job_says_how_many_attempts_it_may_come_to(task, headers, allowed):
    assert allowed_attempts(task, headers) == allowed
