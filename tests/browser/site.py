"""The whole site as a user starts it: web, worker, beat and Flower, around the test database."""

import http.client

from django.conf import settings

from scripts import ports
from tests.acceptance.stack import TASKS, Stack, wait_until

FLOWER_USER, FLOWER_PASSWORD = "ann", "a-flower-password"
WORKER = ("-c", "2", "-I", f"{TASKS},tests.browser.workload")
START_SECONDS = 60


class Site(Stack):
    """Redis, a worker, beat, the pages and Flower, each at a port of its own."""

    def __init__(self, folder, *, worker=WORKER):
        web, flower = ports.spare(), ports.spare()
        self.url = f"http://127.0.0.1:{web}"
        self.flower_url = f"http://127.0.0.1:{flower}"
        super().__init__(
            folder,
            PORT=str(web),
            FLOWER_PORT=str(flower),
            FLOWER_USER=FLOWER_USER,
            FLOWER_PASSWORD=FLOWER_PASSWORD,
            SECRET_KEY=settings.SECRET_KEY,  # sessions made here are good there
            FETCH_ALLOW_LOOPBACK="true",
        )
        self._worker = worker

    def start(self):
        """Start all at once and return when all of them are up."""
        web = self.run("web", "gunicorn", "config.wsgi")
        self.flower = self.run("flower", "celery", "-A", "config", "flower")
        self.main_worker = self.worker(*self._worker, ready=False)
        beat = self.run("beat", "celery", "-A", "config", "beat", "-l", "INFO", "--pidfile=")
        for running, is_up in (
            (web, lambda: _status(self.url, "/login/") == 200),
            (self.main_worker, lambda: " ready." in self.main_worker.text()),
            (beat, lambda: "Starting..." in beat.text()),
            (self.flower, lambda: _status(self.flower_url, "/") == 401),
        ):
            wait_until(is_up, START_SECONDS, f"{running.name} is up: {running.log}")
        return self


def _status(url, path):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()
