"""Journals outlive their writers."""

import signal
import subprocess
import sys
from pathlib import Path

from drill.journal import Journal, lines

ROOT = Path(__file__).parents[3]


def test_what_was_written_before_a_kill_is_there(tmp_path):
    path = tmp_path / "journal.jsonl"
    code = (
        "import os, signal; from pathlib import Path; from drill.journal import Journal\n"
        f"journal = Journal(Path({str(path)!r}), durable=True)\n"
        "for n in range(3): journal.write({'n': n})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [line["n"] for line in lines(path)] == [0, 1, 2]


def test_a_successor_goes_on_at_the_end(tmp_path):
    path = tmp_path / "folder" / "journal.jsonl"
    for number in range(2):
        journal = Journal(path, durable=False)
        journal.write({"n": number})
        journal.close()
    assert [line["n"] for line in lines(path)] == [0, 1]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_journal_that_was_never_begun_is_empty(tmp_path):
    assert list(lines(tmp_path / "none")) == []
