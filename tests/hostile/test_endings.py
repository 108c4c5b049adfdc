"""However it ends, the terminal is usable: while connecting, in an action, with nobody there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import termios
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Served, clawtop, serving
from tests.screen.test_terminal import (
    DEADLINE_S,
    LEAVES_ALTERNATE,
    SHOWS_CURSOR,
    Terminal,
    terminal,
)

KEY = "agent:main:held"
ENDINGS: dict[str, tuple[signal.Signals | bytes, int]] = {
    "SIGTERM": (signal.SIGTERM, 143),
    "SIGHUP": (signal.SIGHUP, 129),
    "ctrl-c": (b"\x03", 130),
    "ctrl-c twice": (b"\x03\x03", 130),
    "q": (b"q", 0),
}


def end(running: Terminal, ending: signal.Signals | bytes) -> int:
    """End it that way; its exit code."""
    if isinstance(ending, bytes):
        os.write(running.master, ending)
    else:
        running.process.send_signal(ending)
    return running.ended()


def usable(running: Terminal, before: list[Any]) -> None:
    """Nothing of the dashboard is left: modes, screen, cursor, mouse, pasting."""
    assert termios.tcgetattr(running.master) == before
    assert LEAVES_ALTERNATE in running.seen
    assert running.seen.rfind(SHOWS_CURSOR) > running.seen.rfind(b"\x1b[?25l")
    for mode in (b"1000", b"1003", b"1006", b"2004"):
        on, off = running.seen.rfind(b"\x1b[?%bh" % mode), running.seen.rfind(b"\x1b[?%bl" % mode)
        assert off >= on, mode
    assert b"Traceback" not in running.seen


def modes_before() -> list[Any]:
    """What a fresh pseudo-terminal is like."""
    import pty

    master, slave = pty.openpty()
    try:
        return termios.tcgetattr(master)
    finally:
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize("how", ENDINGS)
def test_an_end_while_connecting(tmp_path: Path, how: str) -> None:
    ending, code = ENDINGS[how]
    with serving(tmp_path) as served:
        served.gateway.faults.no_challenge = True
        with terminal(served) as running:
            running.until(b"connecting")
            running.read(0.3)
            assert end(running, ending) == code
            usable(running, modes_before())


@pytest.mark.parametrize("how", ["SIGTERM", "ctrl-c twice"])
def test_an_end_in_the_middle_of_an_action(tmp_path: Path, how: str) -> None:
    """The abort was sent and is never answered: what became of it is written down as unknown."""
    ending, code = ENDINGS[how]
    with serving(tmp_path) as served, terminal(served) as running:
        act(served, running)
        assert end(running, ending) == code
        usable(running, modes_before())
        assert len(served.do(lambda gateway: gateway.seen("sessions.abort"))) == 1
    logged = json.loads(clawtop("actions", "--json").out)["actions"]
    assert [one["outcome"] for one in logged] == ["unknown"]


def act(served: Served, running: Terminal) -> None:
    """Kill a run, as far as the request."""
    served.do(lambda gateway: gateway.faults.silent_methods.add("sessions.abort"))
    served.do(lambda gateway: gateway.world.start_run(KEY, "rpc"))
    running.until(KEY.encode())
    os.write(running.master, b"2")
    running.read(0.5)
    os.write(running.master, b"j")
    running.read(0.3)
    os.write(running.master, b"K")
    running.until(b"sessions.abort")
    running.read(0.5)
    os.write(running.master, b"y")
    limit = time.monotonic() + DEADLINE_S
    while not served.do(lambda gateway: gateway.seen("sessions.abort")):
        assert time.monotonic() < limit, running.shown.lines()
        running.read(0.1)


# The controlling terminal sends SIGHUP; another one says nothing.
@pytest.mark.parametrize(("owned", "connected"), [(True, True), (False, True), (False, False)])
def test_a_terminal_that_is_closed_ends_it(tmp_path: Path, owned: bool, connected: bool) -> None:
    with serving(tmp_path) as served:
        served.gateway.faults.no_challenge = not connected
        running = Terminal(served, owned=owned)
        try:
            running.until(b"nothing is wrong" if connected else b"connecting")
            os.close(running.master)
            running.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait(10)
            raise AssertionError("it lives on without a terminal") from None
