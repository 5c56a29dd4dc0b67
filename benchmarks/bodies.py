"""What the measured tasks do, the same for every system."""

import time
from pathlib import Path


def noop():
    """Do nothing."""


def mark(path):
    """Note the time."""
    Path(path).write_text(str(time.time()))


def note_delay(path, submitted):
    """Note how long the job has waited for its start, in seconds."""
    with Path(path).open("a") as file:
        file.write(f"{time.time() - submitted:.6f}\n")
