"""Programs under a terminal of a given size, far from the user's own settings."""

from __future__ import annotations

import fcntl
import os
import pty
import resource
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


def time_to(word: bytes, arguments: list[str], size: tuple[int, int]) -> tuple[float, float]:
    """Wall and CPU seconds from the start of the process until ``word`` is painted."""
    before = _cpu_of_the_gone()
    began = time.perf_counter()
    with in_terminal(arguments, size) as end:
        _read_until(word, end)
        took = time.perf_counter() - began
    return took, _cpu_of_the_gone() - before


def _read_until(word: bytes, end: int) -> None:
    """Raises TimeoutError when it is never painted on the second screen."""
    until = time.monotonic() + LONGEST_S
    seen = b""
    while time.monotonic() < until:
        seen += read_some(end)
        _, switched, painted = seen.partition(b"\x1b[?1049h")
        if switched and word in painted:
            return
    raise TimeoutError(f"{word!r} was not painted: {seen[-500:]!r}")


def _cpu_of_the_gone() -> float:
    """CPU seconds of all children that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_some(end: int) -> bytes:
    """What the program wrote, or nothing for now. A program that went wrote nothing."""
    if not select.select([end], [], [], 0.5)[0]:
        return b""
    try:
        return os.read(end, 65536)
    except OSError:
        return b""


class Drain(threading.Thread):
    """Takes what a program writes, as a fast terminal would; keeps its last words."""

    def __init__(self, end: int) -> None:
        super().__init__(daemon=True)
        self._end, self._stopped = end, threading.Event()
        self.last = b""

    def run(self) -> None:
        """Until stopped."""
        while not self._stopped.is_set():
            some = read_some(self._end)
            self.last = (self.last + some)[-2000:]
            if not some:
                time.sleep(0.02)  # the program went; its end reads as nothing at once

    def stop(self) -> None:
        """Stop and wait; the end may be closed after that."""
        self._stopped.set()
        self.join()
