"""Children that do not outlive their parent, even one that was killed without warning."""

import shutil


def tied(command: list[str]) -> list[str]:
    """`command`, told by the kernel to stop (TERM) when the process that starts it is gone.

    Start it from a thread that lives as long as the process: Linux counts the thread as parent.
    Where there is no setpriv (not Linux), a killed runner leaves its children behind.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command
