"""The files that start the system elsewhere: Procfile, containers, locked requirements."""

import re
from pathlib import Path

import pytest
import yaml
from honcho.environ import parse_procfile

ROOT = Path(__file__).parents[2]
PROCESSES = {"web", "worker", "beat", "flower", "redis"}


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _services() -> dict[str, dict]:
    return yaml.safe_load(_text("docker-compose.yml"))["services"]


def test_the_procfile_names_the_five_processes():
    assert set(parse_procfile(_text("Procfile")).processes) == PROCESSES


def test_each_line_of_the_procfile_becomes_its_process():
    # `exec`, so that the signal that stops it reaches the process and not a shell.
    commands = parse_procfile(_text("Procfile")).processes.values()

    assert all(command.startswith("exec ") for command in commands)


def test_there_is_a_container_for_each_process():
    assert set(_services()) == PROCESSES | {"postgres", "migrate"}


@pytest.mark.parametrize("service", sorted(PROCESSES | {"postgres"}))
def test_every_container_that_stays_is_checked(service):
    assert "healthcheck" in _services()[service]


def test_the_image_does_not_run_as_root():
    assert re.search(r"^USER (?!root|0)\w+$", _text("Dockerfile"), re.M)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_its_hashes(name):
    blocks = re.split(r"\n(?=[a-z0-9])", _text(name).partition("\n")[2])
    pinned = [block for block in blocks if re.match(r"[a-z0-9._-]+(\[.*\])?==", block)]

    assert len(pinned) > 20
    assert [block for block in pinned if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_names_no_place_to_download_from(name):
    assert not re.search(r"://|--(extra-)?index-url|--find-links|/tmp/|/home/", _text(name))


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_everything_that_is_asked_for_is_locked(name):
    asked = re.findall(r"^([a-z][a-z0-9-]+)", _text(f"{name}.in"), re.M)
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", _text(f"{name}.txt"), re.M))

    assert set(asked) - locked == set()
