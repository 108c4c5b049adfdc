"""The dashboard in a real terminal: how it starts, how it ends, and what it leaves behind."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.shell import Served, serving
from tests.gateway.test_hook import writer
from tests.screen.terminal.emulator import Emulator

LEAVES_ALTERNATE = b"\x1b[?1049l"
SHOWS_CURSOR = b"\x1b[?25h"
DEADLINE_S = 20.0


def _own() -> None:
    """Make the pseudo-terminal the one that ``/dev/tty`` means."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """clawtop in a pseudo-terminal of 80x24; ``owned``: its controlling one, as in a shell;
    ``env``: what its environment has beside ours."""

    def __init__(
        self, served: Served, *args: str, owned: bool = False, env: Mapping[str, str] | None = None
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clawtop", *where, *args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", **(env or {})},
            start_new_session=True,
            preexec_fn=_own if owned else None,
        )
        os.close(slave)
        self.seen = b""
        self.shown = Emulator(80, 24)

    def read(self, seconds: float) -> bytes:
        """What it writes within this time."""
        fresh, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if not ready:
                continue
            try:
                fresh += os.read(self.master, 65536)
            except OSError:  # the other side is closed
                break
        self.seen += fresh
        self.shown.feed_bytes(fresh)
        return fresh

    def until(self, word: bytes) -> None:
        """Until it was written in one piece, or stands on the screen."""
        end = time.monotonic() + DEADLINE_S
        while not (word in self.seen or word.decode() in "\n".join(self.shown.lines())):
            assert time.monotonic() < end, self.seen[-2000:]
            self.read(0.05)

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        end = time.monotonic() + DEADLINE_S
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        self.read(0.2)
        assert self.process.returncode is not None, "it did not end"
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self.master)


@contextmanager
def terminal(
    served: Served, *args: str, owned: bool = False, env: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    running = Terminal(served, *args, owned=owned, env=env)
    try:
        yield running
    finally:
        running.close()


@pytest.mark.parametrize(
    ("ending", "code"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (b"\x03", 130), (b"q", 0)],
    ids=["SIGTERM", "SIGHUP", "ctrl-c", "q"],
)
def test_every_end_leaves_a_usable_terminal(
    tmp_path: Path, ending: signal.Signals | bytes, code: int
) -> None:
    with serving(tmp_path) as served, terminal(served) as running:
        running.until(b"live")
        if isinstance(ending, bytes):
            os.write(running.master, ending)
        else:
            running.process.send_signal(ending)
        assert running.ended() == code
        assert LEAVES_ALTERNATE in running.seen
        assert running.seen.rfind(SHOWS_CURSOR) > running.seen.rfind(b"\x1b[?25l")
        assert b"Traceback" not in running.seen


def test_the_first_frame_comes_before_any_connection(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.gateway.faults.no_challenge = True
        with terminal(served) as running:
            running.until(b"connecting")
            assert b"clawtop" in running.seen


def test_nothing_is_sent_while_nothing_on_the_screen_changes(tmp_path: Path) -> None:
    with serving(tmp_path) as served, terminal(served) as running:
        running.until(b"nothing is wrong")
        running.read(2.5)
        assert running.read(3) == b""


def cascade(served: Served) -> None:
    """Four equal requests: a critical incident."""
    for _ in range(4):
        served.do(lambda gateway: gateway.world.request_approval("ps aux", "agent:main:asks"))


@pytest.mark.parametrize("bell", [True, False])
def test_the_bell_rings_only_where_it_is_asked_for(tmp_path: Path, bell: bool) -> None:
    with serving(tmp_path) as served, terminal(served, *["--bell"] * bell) as running:
        running.until(b"nothing is wrong")
        before = running.seen.count(b"\x07")  # ends of other sequences
        cascade(served)
        running.until(b"approval cascade")
        running.read(0.5)
        assert running.seen.count(b"\x07") - before == int(bell)


def test_what_the_hook_prints_never_reaches_the_terminal(tmp_path: Path) -> None:
    out = tmp_path / "told"
    loud = "print('LOUD'); print('LOUD', file=sys.stderr)\n"
    tty = "try: open('/dev/tty', 'w').write('LOUD')\nexcept OSError: pass"
    hook = writer(tmp_path, out, before=loud + tty)
    with (
        serving(tmp_path) as served,
        terminal(served, "--on-incident", hook, owned=True) as running,
    ):
        running.until(b"nothing is wrong")
        cascade(served)
        end = time.monotonic() + DEADLINE_S
        while not (out.exists() and out.read_text().endswith("\n")):
            assert time.monotonic() < end, running.seen[-2000:]
            running.read(0.05)
        os.write(running.master, b"q")
        assert running.ended() == 0
        assert json.loads(out.read_text().splitlines()[0])["id"] == "I-01"
        assert b"LOUD" not in running.seen


def test_a_hook_that_is_no_command_is_wrong_usage(tmp_path: Path) -> None:
    with serving(tmp_path) as served, terminal(served, "--on-incident", "page 'ops") as running:
        assert running.ended() == 2
        assert b"No closing quotation" in running.seen
        assert LEAVES_ALTERNATE not in running.seen


def test_no_byte_of_gateway_text_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b]52;c;aGk=\x07\x9b31m"
    with serving(tmp_path) as served, terminal(served) as running:
        served.do(lambda gateway: gateway.world.start_run(f"agent:main:{evil}", "rpc"))
        served.do(lambda gateway: gateway.world.request_approval(evil, f"agent:{evil}"))
        served.do(lambda gateway: gateway.world.enqueue_event("agent:main:main", evil))
        running.until(rb"\x1b]0;owned")
        running.read(1)
        assert b"\x1b]0;owned" not in running.seen
        assert b"\x1b]52" not in running.seen
        assert b"\xc2\x9b" not in running.seen
