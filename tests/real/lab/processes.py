"""Small questions about processes and ports."""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def living_in(home: Path) -> list[int]:
    """Ids of the processes whose $HOME is that folder, from /proc; empty where there is none.

    A gateway puts helpers and commands into process groups of their own, but they all
    inherit its throw-away home, which nobody else has.
    """
    mark = f"HOME={home}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
        except OSError:
            continue  # gone meanwhile, or another user's
    return found


def end_all_in(home: Path, timeout: float = 5.0) -> None:
    """SIGKILL every process living in that home, and what they still managed to start."""
    deadline = time.monotonic() + timeout
    while left := living_in(home):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {left} in {home} do not end")
        time.sleep(0.02)


def resident_kib(pid: int) -> int:
    """Resident memory of one process in KiB, 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    except OSError:
        pass  # gone meanwhile
    return 0


def own_address() -> str:
    """This host's own IPv4 address on a network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        address: str = probe.getsockname()[0]
        return address
