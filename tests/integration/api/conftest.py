"""What the tests of the API share: programs with a token, and rows to ask about."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from jobs.models import Job
from jobs.operations.tokens import create_token

MESSAGE = (
    '{"headers": {"task": "jobs.index_url", "retries": 0}, "body": "[[], {}, {}]", '
    '"content-type": "application/json"}'
)
NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def token(db):
    return create_token("ci", timezone.now())


@pytest.fixture
def stranger():
    """A client without a token."""
    return Client()


@pytest.fixture
def program(token):
    """A client with a token. It is as strict about CSRF as a browser would find it."""
    return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def a_job(db):
    """Makes rows of jobs: the least that the constraints ask for, and what a test adds."""

    def make(name="job-1", state="queued", **columns):
        columns = {**_LEAST.get(state, {}), **columns}
        return Job.objects.create(
            id=name,
            **{
                "task": "jobs.index_url",
                "queue": "celery",
                "state": state,
                "message": MESSAGE,
                "run_at": NOW,
                "created_at": NOW,
                **columns,
            },
        )

    return make


_LEAST = {
    "scheduled": {"waiting_for": "time"},
    "running": {"worker": "w", "started_at": NOW, "attempt": 1},
    "succeeded": {"started_at": NOW, "finished_at": NOW, "attempt": 1},
    "failed": {"started_at": NOW, "finished_at": NOW, "attempt": 1, "error_type": "ValueError"},
    "cancelled": {"finished_at": NOW},
}


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    """Files of a test end with the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    settings.PUBLIC_URL = ""
    settings.WHITENOISE_AUTOREFRESH = True  # or it warns of a folder that collectstatic makes
