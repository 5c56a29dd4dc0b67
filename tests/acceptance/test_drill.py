"""The drill itself: it passes as things are, and it can fail."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from jobs.models import Job
from tests.acceptance.stack import database_url, wait_until

ROOT = Path(__file__).resolve().parents[2]
SEED = 5


def surroundings(tmp_path):
    """An installation whose database is that of the tests."""
    return dict(os.environ) | {  # noqa: TID251 - handed on
        "VAR_DIR": str(tmp_path / "var"),
        "DATABASE_URL": database_url(),
        "LEASE_SECONDS": "4",
        "TMPDIR": str(tmp_path),
    }


def drill(tmp_path, *options):
    """`manage.py drill` in that installation."""
    return subprocess.run(
        [sys.executable, "manage.py", "drill", f"--seed={SEED}", *options],
        cwd=ROOT,
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def figure(name, report):
    return int(re.search(rf"^  {name} +([\d,]+)", report, re.M).group(1).replace(",", ""))


def leftovers(tmp_path):
    """Folders and databases of drills."""
    found = [path.name for path in tmp_path.glob("hachi-drill-*")]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'hachi_drill%%'")
            found += [name for (name,) in cursor.fetchall()]
    return found


@pytest.fixture(autouse=True)
def _untouched(transactional_db, tmp_path):
    """Whatever a drill does, it leaves the project's own database and nothing else behind."""
    yield
    assert Job.objects.count() == 0
    assert "drill_submission" not in connection.introspection.table_names()
    assert leftovers(tmp_path) == []


def test_a_drill_passes_and_says_what_it_did(tmp_path):
    done = drill(tmp_path, "--seconds=15")
    assert done.returncode == 0, done.stdout + done.stderr
    assert connection.vendor in done.stdout
    assert figure("submitted", done.stdout) == figure("run", done.stdout) > 300
    assert figure("faults", done.stdout) > 0
    assert done.stdout.rstrip().endswith("PASSED")


def test_a_drill_without_the_rescue_reports_losses_and_fails(tmp_path):
    done = drill(tmp_path, "--seconds=25", "--no-rescue", "--jobs-per-second=60")
    assert done.returncode == 1, done.stdout + done.stderr
    assert figure("lost", done.stdout) > 0
    assert figure("run", done.stdout) < figure("submitted", done.stdout)
    assert done.stdout.rstrip().endswith("FAILED")


def test_a_worker_that_dies_without_the_drill_fails_it(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "drill", "--seconds=12", "--seed=2", "--sqlite"],
        cwd=ROOT,
        env=surroundings(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("calls submitted" in line for line in process.stdout)
        victim = wait_until(lambda: solo_worker(tmp_path), 20, "a solo worker is up")
        os.kill(victim, signal.SIGKILL)
        report = process.stdout.read()
        assert process.wait(60) == 1
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
    assert figure("ended by itself", report) == 1
    assert "worker 3 (solo)" in report
    assert figure("lost", report) == 0
    assert report.rstrip().endswith("FAILED")


def solo_worker(tmp_path):
    """The process of the drill's worker that is a single one, if it is there and goes on."""
    for pid in taking_part(tmp_path):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if b"solo" in command and b"celery" in command and state not in {"T", "Z"}:
                return int(pid)
    return None


def test_a_drill_refuses_a_server_that_gives_it_no_scratch_database(tmp_path):
    done = drill(tmp_path, "--seconds=5", "--database-url=postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "needs a scratch database" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_drill_of_no_length_is_refused(tmp_path):
    done = drill(tmp_path, "--seconds=0")
    assert done.returncode == 1
    assert "more than 0 seconds" in done.stderr


def test_a_drill_that_is_stopped_leaves_nothing_running(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "drill", "--seconds=60", "--seed=2", "--sqlite"],
        cwd=ROOT,
        env=surroundings(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("worker frozen" in line for line in process.stdout)
        assert len(taking_part(tmp_path)) > 6
    finally:
        process.terminate()
        code = process.wait(60)
        process.stdout.close()
    assert code != 0
    wait_until(lambda: not taking_part(tmp_path), 30, "everybody has ended")


def taking_part(tmp_path):
    """Processes whose environment names the folder of this test."""
    mine = f"TMPDIR={tmp_path}\0".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mine in (folder / "environ").read_bytes():
                found.append(folder.name)
        except OSError:
            continue
    return found
