"""Make the virtual environment and install what is locked; at once done when nothing changed.

Runs on a bare Python, so it imports the standard library only, and old Pythons can read it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)


def main(locks: list[str]) -> None:
    """Bring .venv to what the lock files in `locks` say."""
    if sys.version_info < OLDEST:
        version = ".".join(map(str, sys.version_info[:3]))
        raise SystemExit(
            f"Hachi needs Python 3.11 or newer, and {sys.executable} is {version}. "
            "Name another one: make PYTHON=python3.12 ..."
        )
    if not _usable():
        _make()
    for name in locks:
        _install(ROOT / name)


def _usable() -> bool:
    """Whether .venv was made here and its Python still starts; a copied tree needs a new one."""
    made = VENV / "pyvenv.cfg"
    if not made.exists() or not made.read_text(encoding="utf-8").rstrip().endswith(str(VENV)):
        return False
    try:
        return subprocess.run([VENV / "bin/python", "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def _make() -> None:
    print(f"Making the virtual environment {VENV} ...", flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode:
        raise SystemExit(
            f"The virtual environment could not be made: {(made.stdout + made.stderr).strip()}\n"
            "On Debian and Ubuntu the package python3-venv is what is missing as a rule."
        )


def _install(lock: Path) -> None:
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = VENV / f"installed-{lock.stem}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    print(f"Installing {lock.name} (about half a minute, and only when it changed) ...", flush=True)
    command = [f"{VENV}/bin/python", "-m", "pip", "install", "--quiet", "--require-hashes"]
    command += ["--disable-pip-version-check", "-r", str(lock)]
    installed = subprocess.run(command, check=False, capture_output=True, text=True)
    if installed.returncode:
        raise SystemExit(
            f"{installed.stdout}{installed.stderr}\n"
            f"{lock.name} could not be installed; the reason stands above. "
            "The first time this needs the network; afterwards it does not."
        )
    stamp.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:] or ["requirements.txt"])
