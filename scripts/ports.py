"""Ports: is one free, which is the next free one, and who has it if not."""

import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_LISTENING = "0A"


def is_free(port: int, address: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def spare() -> int:
    """A port that nobody uses, chosen by the system."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        number: int = probe.getsockname()[1]
        return number


def next_free(first: int, address: str = LOOPBACK) -> int:
    """The first free port from `first` upwards."""
    for port in range(first, min(first + 200, 65_536)):
        if is_free(port, address):
            return port
    return spare()


def require_free(port: int, variable: str, address: str) -> None:
    """Stop with a sentence when `port` is taken; `variable` is what chooses another."""
    if is_free(port, address):
        return
    other = next_free(port + 1, address)
    raise SystemExit(
        f"Port {port} is taken{_owner(port)}. "
        f"Stop that, or choose another port: make run {variable}={other}"
    )


def _owner(port: int) -> str:
    """' by NAME (process PID)' if Linux tells us, else nothing."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(entry.readlink()) in sockets for entry in (process / "fd").iterdir()):
                name = (process / "comm").read_text(encoding="utf-8").strip()
                return f" by {name} (process {process.name})"
        except OSError:  # it has ended, or it is not ours to look into
            continue
    return ""


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="utf-8").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            local, state, inode = columns[1], columns[3], columns[9]
            if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                found.add(inode)
    return found
