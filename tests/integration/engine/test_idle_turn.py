"""A turn with nothing to do: a handful of reads, and no lock on SQLite beyond its own lease."""

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jobs.engine.worker.dispatcher import Dispatcher

pytestmark = pytest.mark.django_db


def test_a_turn_with_nothing_to_do_writes_its_lease_alone():
    dispatcher = Dispatcher(current_app, "me", started_at=timezone.now())
    dispatcher.run_once(timezone.now())
    with CaptureQueriesContext(connection) as captured:
        dispatcher.run_once(timezone.now())
    statements = [query["sql"] for query in captured]
    writes = [sql for sql in statements if sql.split()[0] in ("UPDATE", "INSERT", "DELETE")]
    assert len(writes) == 1
    assert "jobs_lease" in writes[0]
    assert [sql for sql in statements if "SAVEPOINT" in sql] == []  # no transaction, so no lock
    assert len(statements) <= 25
