"""How much memory a tree of processes takes."""

from pathlib import Path


def proportional_megabytes(pid: int) -> float:
    """The memory of a process and all its children; what they share counts once (PSS, Linux)."""
    return sum(_kilobytes(member) for member in family(pid)) / 1024


def family(pid: int) -> list[int]:
    """A process, its children, and theirs."""
    members = [pid]
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        for child in (thread / "children").read_text().split():
            members += family(int(child))
    return members


def _kilobytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
