"""Tasks that die, exit, and bring a worker to a stop."""

import os
import signal
import sys
import time
from pathlib import Path
from types import ModuleType

from billiard.connection import Connection
from celery import shared_task
from celery.worker.control import control_command

from jobs.engine.context import current_job
from tests.acceptance.workload import append


@shared_task(name="test.tell_process")
def tell_process(path):
    """Write the number of the process that runs it; the first time, wait to be killed."""
    append.run(path, str(os.getpid()))
    if current_job().attempt == 1:
        time.sleep(60)


@shared_task(name="test.kill_child")
def kill_child():
    """Kill the process that runs it."""
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(name="test.kill_worker")
def kill_worker(path):
    """Kill the whole worker, in the very moment in which it begins."""
    append.run(path, "killed")
    os.killpg(os.getpgid(0), signal.SIGKILL)


@shared_task(name="test.leave")
def leave():
    """Exit."""
    raise SystemExit(3)


@shared_task(name="test.slow_to_tell")
def slow_to_tell(path, seconds):
    """Return at once, but send the result to the parent in two pieces, with a pause between."""
    whole = Connection._send

    def in_pieces(self, buf, *args):
        Connection._send = whole
        whole(self, bytes(buf[:10]))
        Path(path).touch()
        time.sleep(seconds)
        whole(self, bytes(buf[10:]))

    Connection._send = in_pieces
    return "told"


@shared_task(name="test.quick")
def quick(path, line, prank=""):
    """Write a line to a file, at once; the first time do something that short jobs never do."""
    append.run(path, line)
    if current_job().attempt > 1:
        return line
    if prank == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif prank == "exit":
        raise SystemExit(3)
    elif prank == "fail":
        raise ValueError("boom")
    elif prank == "sleep":
        time.sleep(60)
    elif prank == "nap":
        time.sleep(4)
    elif prank == "return much":
        return "x" * 100_000
    elif prank == "return no pickle":
        return lambda: None
    return line


@control_command(name="test_freeze")
def freeze(panel):
    """The worker's main loop stands still."""
    time.sleep(3600)


@control_command(name="test_forget_redis")
def forget_redis(panel):
    """The worker's main loop goes on, and never asks Redis for a message again."""
    ticks = panel.consumer.hub.on_tick
    ticks -= {tick for tick in ticks if tick.__module__ == "kombu.transport.redis"}


@shared_task(name="test.fail_in_a_plugin")
def fail_in_a_plugin():
    """Fail with an error whose class only this process can import: a plugin loaded by its path."""
    plugin = ModuleType("loaded_here")
    exec("class Odd(Exception):\n    pass", plugin.__dict__)
    sys.modules["loaded_here"] = plugin
    raise plugin.Odd("of the plugin")
