"""``clawtop demo`` as a newcomer and a script use it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clawtop.demo.scenarios import ALL
from tests.cli.shell import Ran, clawtop
from tests.screen.terminal.emulator import Emulator
from tests.screen.test_terminal import Terminal


class Demo:
    """A demo gateway served by a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process, self.first = process, process.stdout.readline()
        found = re.match(r"(ws://127\.0\.0\.1:\d+)  token (\w+)\b", self.first)
        assert found, f"{self.first!r}"
        self.url, self.token = found.groups()

    def ask(self, *args: str) -> Ran:
        """One clawtop command on it."""
        return clawtop(*args, "--url", self.url, env={"OPENCLAW_GATEWAY_TOKEN": self.token})

    def recoveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("snapshot", "--json").json["recoveries"]
        return found

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def served(*args: str, env: dict[str, str] | None = None) -> Iterator[Demo]:
    command = [sys.executable, "-m", "clawtop", "demo", *args, "--serve", "0"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, **(env or {})}, **pipes) as process:
        try:
            yield Demo(process)
        finally:
            process.kill()


def test_the_list_has_a_line_for_every_scenario() -> None:
    ran = clawtop("demo", "--list")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()] == [one.name for one in ALL]


WRONG = {
    ("demo", "leaked-lok"): "leaked-lock",
    ("demo", "cascade", "--speed", "fast", "--serve", "0"): "speed",
    ("demo", "cascade", "--speed", "0", "--serve", "0"): "speed",
    ("demo", "cascade", "--speed", "nan", "--serve", "0"): "speed",
    ("demo", "cascade", "--seed", "x", "--serve", "0"): "seed",
    ("demo", "--serve", "-5"): "",
    ("demo", "--serve", "70000"): "port",
    ("demo", "--serve", "http"): "port",
    ("demo", "--generation", "may"): "april",
    ("demo",): "terminal",
}


@pytest.mark.parametrize("args", WRONG, ids=" ".join)
def test_wrong_words_get_one_sentence(args: tuple[str, ...]) -> None:
    ran = clawtop(*args)
    assert ran.code == 2
    assert WRONG[args] in ran.sentence()
    assert ran.out == ""


def test_a_port_that_is_taken_gets_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = clawtop("demo", "--serve", port)
    assert ran.code == 3
    assert port in ran.sentence()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["term", "int"]
)
def test_a_signal_ends_it_quietly(number: signal.Signals, code: int) -> None:
    with served("healthy") as demo:
        assert demo.end(number) == code
        assert demo.process.stderr is not None
        assert demo.process.stderr.read() == ""


class DemoTerminal(Terminal):
    """``clawtop demo`` in a pseudo-terminal of 100x30."""

    def __init__(self, *args: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clawtop", "demo", *args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = b""
        self.shown = Emulator(100, 30)


def test_the_dashboard_says_demo_shows_the_trouble_and_what_to_try() -> None:
    with closing(DemoTerminal("leaked-lock", "--speed", "50")) as screen:
        screen.until(b"live")
        screen.until(b"DEMO leaked-lock")
        screen.until(b"press 0 and Enter")
        screen.until(b"telegram:direct:42")
        os.write(screen.master, b"q")
        assert screen.ended() == 0
        assert b"Traceback" not in screen.seen


def test_other_clients_see_the_trouble_and_the_generation_asked_for() -> None:
    with served("leaked-lock", "--speed", "50", "--generation", "april") as demo:
        assert demo.token == "demo"
        picture = demo.ask("snapshot", "--json").json
        assert picture["gateway"]["version"] == "2026.5.28"
        assert "monthly-report" in str(picture["locks"])


def test_a_scenario_has_its_own_generation_unless_told_otherwise() -> None:
    with served("phantom-recovery", "--speed", "50") as demo:
        assert "april" in demo.first
        deadline = time.monotonic() + 60
        while "phantom" not in [one["verdict"] for one in demo.recoveries()]:
            assert time.monotonic() < deadline, "the second request was never seen"
    with served("phantom-recovery", "--generation", "september") as demo:
        assert "september" in demo.first


def test_the_way_out_is_planned_from_another_shell() -> None:
    with served("leaked-lock", "--speed", "50") as demo:
        key = "agent:main:telegram:direct:42"
        ran = demo.ask("release", key, "--step", "abort-session", "--dry-run", "--json")
        assert ran.json["outcome"] == "planned"
        assert ran.json["target"]["session_key"] == key


def test_it_asks_nothing_of_the_gateway_of_this_host(tmp_path: Path) -> None:
    config = tmp_path / "openclaw.json"
    config.write_text("{ not json at all")
    env = {"OPENCLAW_CONFIG_PATH": str(config), "CLAWTOP_URL": "ws://203.0.113.9:1"}
    with served("healthy", env=env) as demo:
        assert demo.ask("snapshot").code == 0
