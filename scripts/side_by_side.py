"""The whole suite in parts at the same time: most of a test's time is waiting for processes.

Each part is a `scripts.test` of its own, with its own Redis, database and folder, so nothing is
shared. What a part prints is kept, and shown when it has ended.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config import env
from scripts.lifeline import tied

#: A CI that hears nothing for long takes the run for dead.
_WORD_SECONDS = 60.0
#: The tests with real processes of a leg are cut into so many parts: they wait more than they work,
#: and a place that is free takes the next part, so that all places are busy to the end.
_CUTS = 8
#: More parts at once would have tests wait for a processor, not for a process.
_AT_ONCE = 4
#: How long a part that is told to stop may take to stop its servers.
_STOP_SECONDS = 30.0
#: The slowest tests of each part: what to look at when the suite has grown slow.
_SLOWEST = "--durations=10"


@dataclass(frozen=True, slots=True)
class Part:
    """Some folders or files of tests on one database."""

    leg: str
    name: str
    places: Sequence[str]

    def __str__(self) -> str:
        return f"{self.leg}: {self.name}"


@dataclass(slots=True)
class _Running:
    part: Part
    log: Path
    process: "subprocess.Popen[bytes]"


def parts_of(legs: Mapping[str, Sequence[str]]) -> list[Part]:
    """Every folder of every leg, once; the longest parts, those without real processes, come first.

    A leg that names just "tests" has all folders in it, also those that are made tomorrow.
    """
    slow, rest = [], []
    for leg, places in legs.items():
        folders = [folder for place in places for folder in _folders(place)]
        real = [folder for folder in folders if folder.endswith("/acceptance")]
        slow += [part for folder in real for part in _cut(leg, folder)]
        if others := [folder for folder in folders if folder not in real]:
            names = ", ".join(folder.removeprefix("tests/") for folder in others)
            rest.append(Part(leg, names, others))
    return rest + slow


def _cut(leg: str, folder: str) -> list[Part]:
    """Parts of a folder, each of every eighth file: neighbours take alike long."""
    name = folder.removeprefix("tests/")
    files = sorted(str(f.relative_to(env.ROOT)) for f in (env.ROOT / folder).rglob("test_*.py"))
    cuts = [files[first::_CUTS] for first in range(_CUTS)]
    return [Part(leg, f"{name}, part {n} of {_CUTS}", cut) for n, cut in enumerate(cuts, 1) if cut]


def _folders(place: str) -> list[str]:
    """`place`, or the folders of tests in it."""
    found = sorted(
        str(folder.relative_to(env.ROOT))
        for folder in (env.ROOT / place).iterdir()
        if folder.is_dir() and next(folder.rglob("test_*.py"), None)
    )
    return found if place == "tests" else [place]


def run(parts: Sequence[Part]) -> int:
    """Run all of them, and show each when it has ended; 0 if every one passed."""
    failed: list[Part] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hachi-tests-") as name:
        waiting = [(part, Path(name) / f"{number}.log") for number, part in enumerate(parts)]
        running: list[_Running] = []
        try:
            spoke = began
            while running or waiting:
                while waiting and len(running) < _AT_ONCE:
                    running.append(_start(*waiting.pop(0)))
                ended = [one for one in running if one.process.poll() is not None]
                for one in ended:
                    running.remove(one)
                    _show(one, time.monotonic() - began)
                    failed += [one.part] if one.process.returncode else []
                if time.monotonic() - spoke > _WORD_SECONDS:
                    spoke = time.monotonic()
                    left = "; ".join(str(one.part) for one in running)
                    print(f"After {spoke - began:.0f} s still running: {left}", flush=True)
                time.sleep(0.2)
        finally:
            _stop(running)
    for part in failed:
        print(f"FAILED: {part}", flush=True)
    print(f"{len(parts)} parts took {time.monotonic() - began:.0f} s side by side.", flush=True)
    return 1 if failed else 0


def _start(part: Part, log: Path) -> _Running:
    print(f"Begins: {part}", flush=True)
    with log.open("wb") as file:
        process = subprocess.Popen(
            tied(_command(part)), cwd=env.ROOT, stdout=file, stderr=subprocess.STDOUT
        )
    return _Running(part, log, process)


def _command(part: Part) -> list[str]:
    return [sys.executable, "-m", "scripts.test", "--leg", part.leg, *part.places, "-q", _SLOWEST]


def _show(one: _Running, seconds: float) -> None:
    print(f"\n===== {one.part} ({seconds:.0f} s) =====", flush=True)
    print(one.log.read_text(encoding="utf-8", errors="replace"), flush=True)


def _stop(running: Sequence[_Running]) -> None:
    """Let parts that still run stop their servers, then see them off."""
    for one in running:
        one.process.send_signal(signal.SIGTERM)
    for one in running:
        try:
            one.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            one.process.kill()
