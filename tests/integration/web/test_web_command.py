import re
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs.models import Job, Node, Pause
from tests.integration.web.web_rows import make_job, make_pause, make_worker

pytestmark = pytest.mark.django_db


def run(*words):
    out, err = StringIO(), StringIO()
    call_command("jobs", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refused(*words):
    with pytest.raises(CommandError) as caught:
        run(*words)
    return str(caught.value)


def test_the_workers_are_listed_with_what_they_do():
    now = timezone.now()
    make_worker("listens")
    make_worker("mute", silent=60)
    make_worker("deaf")
    Node.objects.filter(name="deaf").update(deaf_since=now - timedelta(seconds=90))
    make_worker("early")
    Node.objects.filter(name="early").update(clock_ahead=7.2)
    out, _ = run("workers")
    rows = {line.split("\t")[0]: line.split("\t") for line in out.splitlines()}
    assert rows["listens"][5].startswith("up for")
    assert rows["early"][5].endswith("; its clock is 7.2 s ahead of the database's")
    assert rows["mute"][5].startswith("silent for")
    assert rows["deaf"][5].startswith("alive, but takes no jobs for 1 min")


def test_jobs_are_listed_one_in_a_line_the_newest_first():
    make_job("failed", id="b", age=60, queue="video")
    make_job("scheduled", id="a", age=90, waiting_for="lane", lane="order-17")
    make_pause()

    out, err = run("list")

    assert [line.split("\t")[:4] for line in out.splitlines()] == [
        ["b", "failed", "jobs.resize_image", "video"],
        ["a", "scheduled", "jobs.resize_image", "celery"],
    ]
    assert "ann paused queue celery" in err
    assert run("list", "--lane", "order-17")[0].startswith("a\t")
    assert run("list", "--state", "failed", "--queue", "video", "--limit", "1")[0][:2] == "b\t"


def test_a_job_is_shown_with_its_sentence():
    make_job("queued", id="j", lane="order-17", args=[1, "蜂"])
    make_pause("lane", "order-17", reason="the shop is closed")

    out, _ = run("show", "j")

    assert 'why:       Held: ann paused lane order-17 3 min ago: "the shop is closed".' in out
    assert 'args:      [1, "蜂"]' in out
    assert "result:" not in out


def test_jobs_are_cancelled_and_retried():
    for name in ("a", "b"):
        make_job("queued", id=name)

    assert run("cancel", "a", "b")[0] == "2 jobs cancelled.\n"
    assert set(Job.objects.values_list("state", flat=True)) == {"cancelled"}
    assert run("retry", "a", "a")[0] == "1 job queued again.\n"
    assert Job.objects.get(id="a").state == "queued"
    assert Job.objects.get(id="a").requested_by.endswith("command line)")


def test_a_queue_is_paused_and_resumed():
    make_job("queued", id="j")
    until = timezone.now() + timedelta(days=1)

    run("pause", "queue", "celery", "--reason", "closed", "--until", until.isoformat())

    row = Pause.objects.get()
    assert (row.kind, row.value, row.reason, row.until) == ("queue", "celery", "closed", until)
    assert Job.objects.get().waiting_for == "pause"
    assert run("resume", "queue", "celery")[0] == (
        "The queue celery is resumed: 1 job queued again.\n"
    )
    assert not Pause.objects.exists()


def test_a_moment_without_a_zone_is_one_of_the_site(settings):
    settings.TIME_ZONE = "Asia/Tokyo"

    run("pause", "task", "a.b", "--until", "2131-05-06T06:00")

    assert Pause.objects.get().until.isoformat() == "2131-05-05T21:00:00+00:00"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "gone"], "No job has the id 'gone'."),
        (["cancel", "done", "gone"], "No job has the id 'gone'. Nothing was done."),
        (["cancel", "done"], "0 jobs cancelled. 1 job had finished already."),
        (["retry", "waits", "done"], "1 job queued again. 1 job had not finished"),
        (["list", "--limit", "0"], "--limit must be 1 or more."),
        (["list", "--state", "lost"], "invalid choice: 'lost'"),
        (["pause", "world", "x"], "invalid choice: 'world'"),
        (["pause", "queue", "x", "--until", "soon"], "must look like 2031-05-06T06:00."),
        (["pause", "queue", "x", "--until", "2001-13-01T06:00"], "must look like"),
        (["pause", "queue", "x", "--until", "2001-01-01T06:00"], "is past."),
        (["pause", "queue", "a\x00"], "1 to 255 printable characters"),
        (["resume", "queue", "x"], "The queue x is not paused."),
        ([], "list | workers | garbage | show | cancel | retry | pause | resume | lane"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(words, sentence):
    make_job("succeeded", id="done")
    make_job("queued", id="waits")

    assert sentence in refused(*words)
    assert not Pause.objects.exists()


def test_an_error_has_an_exit_code_and_no_traceback():
    manage = Path(__file__).parents[3] / "manage.py"
    words = [sys.executable, str(manage), "jobs", "pause", "queue", "x", "--until", "soon"]

    ended = subprocess.run(words, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert re.fullmatch(r"CommandError: --until .*\n", ended.stderr)
