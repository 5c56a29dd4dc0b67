"""Real processes for a test: a Redis of its own, workers, beats, and ways to be cruel to them."""

import os
import subprocess
import sys
import time
from pathlib import Path

from django.db import connection

from scripts.processes import RedisServer, Running

ROOT = Path(__file__).resolve().parents[2]
#: What a worker knows unless a test says otherwise.
TASKS = ",".join(
    f"tests.acceptance.{name}" for name in ("workload", "fault_workload", "batch_workload")
)


class DeadlinePassed(AssertionError):
    """What a test waited for did not come about in time."""


def wait_until(condition, seconds=20.0, why=""):
    """Return the first truthy value of `condition()`; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise DeadlinePassed(f"after {seconds:g} s: {why or condition}")
        time.sleep(0.03)


class Stack:
    """What one test starts. Everything ends with the test."""

    def __init__(self, folder, **environment):
        self.folder = folder
        self.redis = RedisServer(folder / "redis")
        self.redis.start()
        self.processes = []
        self.environment = dict(os.environ) | {  # noqa: TID251 - handed on
            "VAR_DIR": str(folder / "var"),
            "MEDIA_ROOT": str(folder / "media"),
            "REDIS_URL": self.redis.url,
            "DATABASE_URL": database_url(),
            "LEASE_SECONDS": "4",
            "CANCEL_GRACE_SECONDS": "1",
            "PYTHONUNBUFFERED": "1",
            "CELERY_SKIP_CHECKS": "1",
            **environment,
        }

    def run(self, name, *arguments, **environment):
        running = Running(
            f"{name}-{len(self.processes)}",
            [sys.executable, "-m", *arguments],
            self.environment | environment,
            self.folder,
        )
        self.processes.append(running)
        return running

    def worker(self, *arguments, name="w", ready=True, **environment):
        """A worker that knows the test's tasks; returns once it consumes."""
        running = self.run(
            name,
            *("celery", "-A", "config", "worker", "-l", "INFO", "-n", f"{name}@%h"),
            *("-I", TASKS, "--without-mingle", *arguments),
            **environment,
        )
        if ready:
            wait_until(lambda: " ready." in running.text(), 30, f"{name} is ready:\n{running.log}")
        return running

    def beat(self, name="beat"):
        running = self.run(name, "celery", "-A", "config", "beat", "-l", "INFO", "--pidfile=")
        wait_until(lambda: "Starting..." in running.text(), 30, "beat has started")
        return running

    def celery(self, *arguments):
        """`celery -A config ...`, as an operator types it; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "celery", "-A", "config", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def close(self):
        for running in self.processes:
            running.kill()
        self.redis.kill()

    def logs(self):
        return "\n".join(f"--- {p.name}\n{p.text()[-6000:]}" for p in self.processes)


def database_url():
    """The test database, as other processes reach it."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user, password = settings["USER"], settings["PASSWORD"]
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgres://{login}{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
