"""Small questions about processes and ports."""

from __future__ import annotations

import socket
from pathlib import Path


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def group_members(leader: int | None) -> list[int]:
    """Process ids of a process group, from /proc; empty where there is no /proc."""
    if leader is None:
        return []
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The command name stands in brackets and may hold spaces: read behind it.
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # gone meanwhile
        if fields[2] == str(leader):
            found.append(int(stat.parent.name))
    return found


def resident_kib(pid: int) -> int:
    """Resident memory of one process in KiB, 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    except OSError:
        pass  # gone meanwhile
    return 0
