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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEPT = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV")
LONGEST_S = 60.0
SMALL, LARGE = (80, 24), (200, 50)  # columns, rows
EMPTY = [sys.executable, "-m", "benchmarks.empty_app"]


def clawtop(url: str) -> list[str]:
    """The command of the dashboard on that gateway."""
    return [sys.executable, "-m", "clawtop", "--url", url]


def calm_env(home: str) -> dict[str, str]:
    """An environment in which no gateway, secret or SSH session is found."""
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    env |= {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home}
    return env | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}


class Terminal:
    """The far end of a program's terminal: what it writes is read here, keys are written here."""

    def __init__(self, end: int, pid: int) -> None:
        self.pid, self._end = pid, end
        self.taken = 0  # bytes read so far

    def read(self, wait_s: float = 0.5) -> bytes:
        """What the program wrote, or nothing for now. A program that went wrote nothing."""
        if not select.select([self._end], [], [], wait_s)[0]:
            return b""
        try:
            some = os.read(self._end, 65536)
        except OSError:
            time.sleep(min(wait_s, 0.02))  # its end reads as nothing at once
            return b""
        self.taken += len(some)
        return some

    def write(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._end, keys)

    def feed(self, seconds: float, taker: Callable[[bytes], None]) -> None:
        """Hand over all that is written during this time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            taker(self.read(left))

    def read_until(self, shown: Callable[[bytes], bool]) -> float:
        """Hand over what is written until ``shown``; when that was, in monotonic seconds.

        Raises TimeoutError, with the last words, when it never is.
        """
        until, last = time.monotonic() + LONGEST_S, b""
        while time.monotonic() < until:
            some = self.read()
            at = time.monotonic()
            last = (last + some)[-300:]
            if shown(some):
                return at
        raise TimeoutError(f"what was waited for was not painted: {last!r}")

    def cpu_s(self) -> float:
        """User and system seconds of the program so far, exact to the microsecond."""
        spent = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e9

    def memory_mb(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


@contextmanager
def in_terminal(
    command: list[str], size: tuple[int, int], more: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run a program in a terminal of (columns, rows), with ``more`` in its environment."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=ROOT,
            env=calm_env(home) | dict(more or {}),
            start_new_session=True,
        )
        os.close(theirs)
        try:
            yield Terminal(ours, process.pid)
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def time_to(word: bytes, command: list[str], size: tuple[int, int]) -> tuple[float, float]:
    """Wall and CPU seconds from the start of the process until ``word`` is painted."""
    before = _cpu_of_the_gone()
    began = time.monotonic()
    with in_terminal(command, size) as terminal:
        took = terminal.read_until(_painted(word)) - began
    return took, _cpu_of_the_gone() - before


def _painted(word: bytes) -> Callable[[bytes], bool]:
    """Whether the word was written to the second screen."""
    seen = bytearray()

    def shown(some: bytes) -> bool:
        seen.extend(some)
        _, switched, painted = seen.partition(b"\x1b[?1049h")
        return bool(switched) and word in painted

    return shown


def _cpu_of_the_gone() -> float:
    """CPU seconds of all children that were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Drain(threading.Thread):
    """Takes what a program writes, as a fast terminal would; keeps its last words."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(daemon=True)
        self._terminal, self._stopped = terminal, threading.Event()
        self._flowing = threading.Event()
        self._flowing.set()
        self.last = b""

    def run(self) -> None:
        """Until stopped."""
        while not self._stopped.is_set():
            self._flowing.wait()
            self.last = (self.last + self._terminal.read(0.1))[-2000:]

    def freeze(self, seconds: float) -> None:
        """Take nothing for this long, as after Ctrl-S."""
        self._flowing.clear()
        time.sleep(seconds)
        self._flowing.set()

    def stop(self) -> None:
        """Stop and wait; the end may be closed after that."""
        self._flowing.set()
        self._stopped.set()
        self.join()


@contextmanager
def drained(terminal: Terminal) -> Iterator[Drain]:
    """Take all that is written while in here."""
    drain = Drain(terminal)
    drain.start()
    try:
        yield drain
    finally:
        drain.stop()
