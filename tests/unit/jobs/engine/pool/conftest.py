"""What the requests of a worker's parent are made with."""

import pytest
from celery import Celery


def nothing():
    pass


@pytest.fixture
def app():
    app = Celery("test", set_as_current=False)
    app.task(name="test.nothing")(nothing)
    return app
