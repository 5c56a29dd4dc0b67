"""What we rely on inside Celery and kombu; it fails loudly when one of them changes."""

import inspect

import celery
import kombu
from celery import Celery
from celery.app import autoretry, trace
from celery.worker.consumer import Consumer
from celery.worker.request import Request
from kombu.transport import redis as kombu_redis

from jobs.engine.broker.message import SEPARATOR, bell, envelope
from jobs.models import Job
from tests.acceptance import workload
from tests.acceptance.stack import wait_until


def test_the_minor_versions_are_the_ones_that_were_read():
    assert celery.__version__.startswith("5.7.")
    assert kombu.__version__.startswith("5.7.")


def test_the_internals_that_we_override_are_still_there():
    assert list(inspect.signature(Request.on_timeout).parameters) == ["self", "soft", "timeout"]
    assert list(inspect.signature(Request.on_accepted).parameters)[1:] == ["pid", "time_accepted"]
    assert "return_ok" in inspect.signature(Request.on_failure).parameters
    assert list(inspect.signature(trace.fast_trace_task).parameters)[:6] == [
        "task",
        "uuid",
        "request",
        "body",
        "content_type",
        "content_encoding",
    ]
    for name in ("on_close", "on_unknown_message", "on_unknown_task", "on_decode_error"):
        assert callable(getattr(Consumer, name))
    for name in ("_q_for_pri", "_brpop_start", "_brpop_read", "_flush_brpop_reauth"):
        assert callable(getattr(kombu_redis.Channel, name))
    assert kombu_redis.Channel.sep == SEPARATOR
    assert "queue_weights" not in kombu_redis.Channel.from_transport_options
    assert "task._orig_run(*args, **kwargs)" in inspect.getsource(autoretry)
    assert callable(Celery._task_from_fun)


def test_kombu_reads_what_we_push_as_a_plain_celery_worker_would(stack):
    result = workload.add.apply_async((1, 2), priority=9)
    job = Job.objects.get(id=result.id)
    assert envelope(job).key == bell("celery", 9) == f"celery{SEPARATOR}9"
    plain = Celery(broker=stack.redis.url, set_as_current=False)
    plain.conf.broker_transport_options = {"priority_steps": list(range(10))}
    with plain.connection_for_read() as connection, connection.channel() as channel:
        message = channel.basic_get("celery")
        assert message.headers["id"] == result.id
        assert message.payload[0] == [1, 2]
        message.ack()


def test_nine_is_served_before_zero_across_the_backlog_and_equals_in_order(stack, tmp_path):
    path = tmp_path / "ran"
    for number, priority in enumerate([0, 9, None, 3, 9, 7, None, 0]):
        workload.append.apply_async((str(path), f"{priority}:{number}"), priority=priority)
    stack.worker("-P", "solo", WORKER_PREFETCH="1")
    wait_until(lambda: not Job.objects.unfinished().exists())
    assert path.read_text().split() == [
        "9:1",
        "9:4",
        "7:5",
        "None:2",
        "None:6",
        "3:3",
        "0:0",
        "0:7",
    ]


def test_operators_use_the_celery_command_as_they_know_it(stack):
    stack.worker("-c", "1")
    assert "pong" in stack.celery("inspect", "ping")
    assert "test.add" in stack.celery("inspect", "registered")
    assert "w@" in stack.celery("status")
    id = stack.celery("call", "test.add", "--args", "[1, 2]").strip()
    wait_until(lambda: Job.objects.filter(id=id, state="succeeded").exists())
    assert stack.celery("result", id).strip() == "3"
    held = workload.hold.delay(60)
    wait_until(lambda: Job.objects.filter(id=held.id, state="running").exists())
    assert held.id in stack.celery("inspect", "active")
    stack.celery("control", "terminate", "SIGKILL", held.id)
    wait_until(lambda: Job.objects.filter(id=held.id, state="cancelled").exists())
    assert "celery" in stack.celery("inspect", "active_queues")
