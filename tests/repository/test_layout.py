"""What the project promises of itself: names, layers, migrations, licence."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

from django.core.management import call_command

ROOT = Path(__file__).parents[2]
SAY_NOTHING = {"common", "helper", "helpers", "misc", "util", "utils"}


def _modules() -> list[Path]:
    """Every module of ours, committed or not yet."""
    folders = ("config", "drill", "jobs", "reports", "scripts", "benchmarks", "tests")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path.relative_to(ROOT) for path in found]


def test_no_module_has_a_name_that_says_nothing():
    vague = [path for path in _modules() if SAY_NOTHING & {*path.parts, path.stem}]

    assert vague == []


def test_no_module_is_longer_than_300_lines():
    long = [
        path
        for path in _modules()
        if "migrations" not in path.parts
        and len((ROOT / path).read_text(encoding="utf-8").splitlines()) > 300
    ]

    assert long == []


def test_the_import_contract_holds():
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stdout + found.stderr


def test_every_model_change_has_its_migration(db):
    out = StringIO()

    call_command("makemigrations", "jobs", "reports", check=True, dry_run=True, stdout=out)

    assert "No changes detected" in out.getvalue()


def test_the_licence_is_mit():
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")
