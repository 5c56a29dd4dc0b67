"""Processes whose clock on the wall is another one."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("other_time.c")
COMPILER = shutil.which("cc")


class Wall:
    """The clock of the processes that get its environment."""

    def __init__(self, folder):
        self._file = folder / "clock"
        library = folder / "other_time.so"
        command = [COMPILER, "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, timeout=60)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self._file)}
        self.put(0)

    def put(self, seconds):
        """Put it forward by so much against the true time."""
        new = self._file.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(self._file)
