"""Jobs reuse the database connections of their process."""

from django.db import connection

from jobs.models import Job
from tests.acceptance import workload
from tests.acceptance.stack import wait_until


def test_hundreds_of_jobs_open_no_new_connection(stack):
    """Celery's Django fixup would open two for each job."""
    stack.worker("-c", "2")
    assert workload.add.delay(1, 2).get(timeout=20) == 3
    before = sessions()
    for number in range(300):
        workload.touch_database.delay(number)
    wait_until(lambda: not Job.objects.unfinished().exists(), 60)
    assert Job.objects.filter(task="test.touch_database", state="succeeded").count() == 300
    assert sessions() - before <= 4  # the two children's first, and the web's own health checks


def sessions():
    """How many sessions PostgreSQL has ever had; SQLite has none to count."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT sessions FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]
