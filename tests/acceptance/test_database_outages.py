"""PostgreSQL restarted, killed or away while jobs are submitted and run."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from jobs.errors import DatabaseUnavailable
from jobs.models import Job, Node, SchedulePolicy, Token
from jobs.operations.tokens import create_token
from tests.acceptance import long_workload, postgres, workload
from tests.acceptance.conftest import started
from tests.acceptance.stack import wait_until
from tests.acceptance.test_reviewed_defects import push

pytestmark = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite is no server that could go away"
)
JOBS = 120
BEAT = ("celery", "-A", "config", "beat", "-l", "INFO", "--pidfile=")


@pytest.fixture(scope="module")
def server():
    server = postgres.PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def outage(server, transactional_db, tmp_path):
    """A stack on a database of its own, and the server that it is on."""
    with postgres.in_place_of_the_legs(server):
        postgres.migrate()
        for stack in started(tmp_path):
            yield stack, server
        if server._process is None:
            server.start()
        postgres.flush()


class Submitter(threading.Thread):
    """Submits jobs one after the other, and tries each again until it is accepted."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = str(path)
        self.errors = []
        self.longest = 0.0
        self.accepted = 0

    def run(self):
        for number in range(JOBS):
            self._for_sure(workload.slow_append, (self.path, number), f"a{number}")
            self._for_sure(workload.pay_in_the_end, (f"p{number}",), f"p{number}")
            self.accepted += 1
            time.sleep(0.03)  # the pace: the outages come in the middle
        connection.close()

    def _for_sure(self, task, args, key):
        while True:
            begun = time.monotonic()
            try:
                task.apply_async(args, idempotency_key=key)
            except Exception as error:  # noqa: BLE001 - the test looks at what they are
                self.errors.append(error)
                time.sleep(0.2)  # as somebody who tries again
            else:
                return
            finally:
                self.longest = max(self.longest, time.monotonic() - begun)


def lines(path):
    return path.read_text().split() if path.exists() else []


def all_succeeded():
    return Job.objects.filter(state="succeeded").count() == 2 * JOBS


@pytest.mark.parametrize("how", ["restarted", "killed", "away for a while"])
def test_workers_wait_and_go_on_and_nothing_is_lost_or_committed_twice(outage, tmp_path, how):
    stack, server = outage
    workers = [
        stack.worker("-P", "prefork", "-c", "2", name="a"),
        stack.worker("-P", "threads", "-c", "2", name="b"),
    ]
    submitter = Submitter(tmp_path / "ran")
    submitter.start()
    for share in (0.3, 0.6):
        wait_until(lambda share=share: submitter.accepted > JOBS * share, 60)
        connection.close()
        server.kill() if how == "killed" else server.stop()
        if how == "away for a while" and share > 0.5:
            # The length is the point: after the lease of 4 s everybody looks dead.
            time.sleep(20)
        server.start()
    submitter.join(120)
    wait_until(all_succeeded, 120, lambda: Job.objects.exclude(state="succeeded").values())
    assert all(worker.process.poll() is None for worker in workers)
    assert sorted(Token.objects.values_list("digest", flat=True)) == sorted(
        f"p{number}" for number in range(JOBS)
    )
    assert Job.objects.count() == 2 * JOBS
    assert set(map(int, lines(tmp_path / "ran"))) == set(range(JOBS))
    assert {type(error).__mro__[1] for error in submitter.errors} <= {DatabaseUnavailable}
    assert submitter.longest < 15
    if how != "killed":
        # A crash of PostgreSQL may forget an end; nothing else makes a job run twice.
        assert len(lines(tmp_path / "ran")) == JOBS
        assert not Job.objects.filter(crashes__gt=0).exists()


def test_beats_wait_for_a_database_and_go_on_also_one_that_is_started_without_it(outage):
    stack, server = outage
    interval = IntervalSchedule.objects.create(every=1, period="seconds")
    schedule = PeriodicTask.objects.create(
        name="each", task="test.add", args="[1, 2]", interval=interval
    )
    SchedulePolicy.objects.create(schedule=schedule, missed="all")
    jobs = Job.objects.filter(schedule="each")
    before = stack.beat("before")
    wait_until(lambda: jobs.count() >= 3, 30)
    connection.close()
    server.stop()
    without = stack.run("without", *BEAT)
    for beat in (before, without):
        wait_until(lambda beat=beat: "for the database" in beat.text(), 30, "it says that it waits")
    server.start()
    count = jobs.count()
    wait_until(lambda: jobs.count() >= count + 8, 40)
    wait_until(lambda: Node.objects.filter(kind="beat").count() == 2, 20)
    assert before.runs()
    assert without.runs()
    ticks = sorted(jobs.values_list("tick", flat=True))
    assert {b - a for a, b in pairwise(ticks)} == {timedelta(seconds=1)}  # none twice, none missing


def test_a_job_that_looks_for_a_cancel_lives_through_a_restart(outage, tmp_path):
    stack, server = outage
    worker = stack.worker("-c", "1", "-I", "tests.acceptance.long_workload")
    result = long_workload.hold_until.delay(str(tmp_path / "ran"))
    row = Job.objects.filter(id=result.id, state="running", progress_done__isnull=False)
    missed = "could not be read or written"
    for _ in range(2):
        seen = wait_until(row.first, 30).progress_done
        told = worker.text().count(missed)
        connection.close()
        server.stop()
        wait_until(lambda told=told: worker.text().count(missed) > told, 30)
        server.start()
        wait_until(lambda seen=seen: row.filter(progress_done__gt=seen).exists(), 30)
    (tmp_path / "ran-ends").touch()
    job = wait_until(lambda: Job.objects.filter(id=result.id, state="succeeded").first(), 40)
    assert (job.attempt, job.crashes) == (1, 0)
    assert lines(tmp_path / "ran") == ["started"]


def test_a_message_of_an_unknown_task_after_a_restart_becomes_a_failed_row(outage):
    """It is refused in the main thread, whose connection has died meanwhile."""
    stack, server = outage
    worker = stack.worker("-c", "1")
    for id in ("before", "after"):
        push(stack, {"task": "test.nobody_has_this", "id": id, "retries": 0}, "[[], {}, {}]")
        wait_until(lambda id=id: Job.objects.filter(id=id, state="failed").exists(), 30)
        connection.close()
        server.stop()
        server.start()
    assert workload.add.delay(1, 2).get(timeout=30) == 3
    assert worker.process.poll() is None


def test_without_a_database_submit_pages_and_api_say_so_in_a_sentence(outage):
    _, server = outage
    user = get_user_model().objects.create_superuser("ann", password="x")
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    token = create_token("t", now=timezone.now())
    connection.close()
    server.stop()
    for _ in range(2):  # the first on a connection that has died, the second on none
        with pytest.raises(DatabaseUnavailable, match="Try again when it is back"):
            workload.add.delay(1, 2)
    for path in ("/", "/jobs/", "/admin/jobs/job/"):
        response = browser.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "5"), path
        assert "The database does not answer" in response.text
        assert "Traceback" not in response.text
    answer = Client().get("/api/jobs/some-id", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "database_unavailable"
    server.start()
    assert browser.get("/").status_code == 200
    assert Job.objects.filter(id=workload.add.delay(1, 2).id).exists()


def test_a_server_that_may_not_be_written_to_for_a_while_loses_no_end(outage, tmp_path):
    """As in a failover: what has ended meanwhile is written later, and runs no second time."""
    stack, server = outage
    stack.worker("-c", "2")
    path = tmp_path / "ran"
    job = workload.hold.delay(2, str(path))
    wait_until(lambda: Job.objects.get(id=job.id).state == "running")
    _read_only(server, "SET default_transaction_read_only = on")
    wait_until(lambda: "read-only transaction" in stack.logs(), 30)
    wait_until(lambda: stack.logs().count("The database does not answer") >= 3, 30)
    _read_only(server, "RESET default_transaction_read_only")
    wait_until(lambda: Job.objects.get(id=job.id).state == "succeeded", 30)
    assert path.read_text() == "started\n"
    assert Job.objects.get(id=job.id).attempt == 1


def _read_only(server, change):
    with psycopg.connect(server.url, autocommit=True) as own:
        own.execute("SET default_transaction_read_only = off")
        own.execute(f"ALTER SYSTEM {change}")
        own.execute("SELECT pg_reload_conf()")
