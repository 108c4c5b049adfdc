"""Programs under a terminal of a given size, far from the user's own settings."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV")
LONGEST_S = 60.0


def calm_env(home: str) -> dict[str, str]:
    """An environment in which no gateway, secret or SSH session is found."""
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    env |= {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
    return env | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}


@contextmanager
def in_terminal(arguments: list[str], size: tuple[int, int]) -> Iterator[int]:
    """Run ``python ARGUMENTS`` in a pty of (columns, rows); yields the end to read from."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            env=calm_env(home),
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield ours
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def time_to(word: bytes, arguments: list[str], size: tuple[int, int]) -> float:
    """Seconds from the start of the process until ``word`` is painted on the second screen."""
    began = time.perf_counter()
    with in_terminal(arguments, size) as end:
        seen = b""
        while time.perf_counter() - began < LONGEST_S:
            seen += read_some(end)
            _, switched, painted = seen.partition(b"\x1b[?1049h")
            if switched and word in painted:
                return time.perf_counter() - began
    raise TimeoutError(f"{arguments} painted no {word!r}: {seen[-500:]!r}")


def read_some(end: int) -> bytes:
    """What the program wrote, or nothing for now. A program that went wrote nothing."""
    if not select.select([end], [], [], 0.5)[0]:
        return b""
    try:
        return os.read(end, 65536)
    except OSError:
        return b""


class Drain(threading.Thread):
    """Takes what a program writes, as a fast terminal would; counts the bytes."""

    def __init__(self, end: int) -> None:
        super().__init__(daemon=True)
        self._end, self._stopped = end, threading.Event()
        self.taken = 0

    def run(self) -> None:
        """Until stopped."""
        while not self._stopped.is_set():
            self.taken += len(read_some(self._end))

    def stop(self) -> None:
        """Stop and wait; the end may be closed after that."""
        self._stopped.set()
        self.join()
