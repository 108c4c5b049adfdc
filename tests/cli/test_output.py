"""Output that cannot be written: one sentence, no traceback, and the code still tells."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Ran, Served, serving

MAIN = "agent:main:main"
LOST = "the output could not be written"
NOWHERE = [">/dev/full", ">&-"]


def shell(end: str, *args: str, served: Served | None = None, **env: str) -> Ran:
    """One command in a shell that redirects like ``end``."""
    where: tuple[str, ...] = ()
    if served is not None:
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {end}', "sh", sys.executable, "-m", "clawtop", *args, *where],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("end", NOWHERE)
@pytest.mark.parametrize("args", [("snapshot", "--json"), ("snapshot",), ("doctor",)], ids=" ".join)
def test_what_reads_says_so_in_one_sentence(
    september: Served, args: tuple[str, ...], end: str
) -> None:
    ran = shell(end, *args, served=september)
    assert ran.code == 1
    assert LOST in ran.sentence()


@pytest.mark.parametrize("end", NOWHERE)
def test_so_does_what_asks_no_gateway(tmp_path: Path, end: str) -> None:
    ran = shell(end, "actions", XDG_STATE_HOME=str(tmp_path))
    assert ran.code == 1
    assert LOST in ran.sentence()


@pytest.mark.parametrize("end", NOWHERE)
@pytest.mark.parametrize("args", [(), ("--json",), ("--help",), ("--nonsense",)], ids=" ".join)
def test_check_is_unknown(september: Served, args: tuple[str, ...], end: str) -> None:
    ran = shell(end, "check", *args, served=september)
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert LOST in ran.err


@pytest.mark.parametrize("end", NOWHERE)
def test_a_failure_keeps_its_code(closed_port: int, end: str) -> None:
    ran = shell(end, "snapshot", "--json", "--url", f"127.0.0.1:{closed_port}")
    assert ran.code == 3
    assert "nothing listens" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("end", [*NOWHERE, "a reader that left"])
def test_what_acted_tells_by_its_code_what_became_of_it(
    september: Served, tmp_path: Path, end: str
) -> None:
    september.do(lambda gateway: gateway.world.start_run(MAIN, "rpc", run_id="run-1"))
    words = ("release", MAIN, "--yes", "--json")
    if end in NOWHERE:
        ran = shell(end, *words, served=september, XDG_STATE_HOME=str(tmp_path))
        assert LOST in ran.sentence()
        code = ran.code
    else:
        code = _unread(september, *words)
    assert "sessions.abort" in september.sent()
    assert code == 0


def _unread(served: Served, *args: str) -> int:
    """The code of a command whose pipe nobody reads."""
    where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
    read, write = os.pipe()
    os.close(read)
    try:
        return subprocess.run(
            [sys.executable, "-m", "clawtop", *args, *where], stdout=write, timeout=60, check=False
        ).returncode
    finally:
        os.close(write)


@pytest.mark.parametrize("end", ["2>/dev/full", "2>&-"])
def test_nobody_hears_the_sentence_and_the_code_stays(end: str) -> None:
    ran = shell(end, "snapshot", "--nonsense")
    assert (ran.code, ran.out) == (2, "")


def test_a_closed_stdin_is_no_terminal() -> None:
    ran = shell("<&-")
    assert ran.code == 2
    assert "needs a terminal" in ran.sentence()


def test_check_that_is_ended_has_a_line(september: Served) -> None:
    words = [sys.executable, "-m", "clawtop", "check", "--no-state", "--observe", "60"]
    where = ["--url", september.gateway.url, "--token-file", str(september.token_file)]
    check = subprocess.Popen([*words, *where], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while "sessions.list" not in september.sent() and time.monotonic() < deadline:
        time.sleep(0.02)
    check.send_signal(signal.SIGTERM)
    out, err = check.communicate(timeout=30)
    assert check.returncode == 3
    assert out.startswith(b"CLAWTOP UNKNOWN - interrupted")
    assert err == b""


@pytest.mark.parametrize("args", [(), ("demo", "healthy")], ids=str)
def test_a_terminal_that_only_prints_lines_gets_a_sentence(args: tuple[str, ...]) -> None:
    master, slave = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "clawtop", *args],
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            env={**os.environ, "TERM": "dumb"},
            timeout=60,
            check=False,
        )
    finally:
        os.close(slave)
        os.close(master)
    assert done.returncode == 2
    assert b"clawtop snapshot, or clawtop watch" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# -- a gateway that grants nothing


@pytest.fixture
def mute(tmp_path: Path) -> Iterator[Served]:
    """A gateway that signs us in and lets us ask nothing."""
    with serving(tmp_path, scopes_granted=()) as running:
        yield running


def test_a_link_that_may_ask_nothing_is_no_lost_link(mute: Served) -> None:
    ran = mute.run("snapshot", "--json")
    assert ran.code == 0
    picture = ran.json
    assert picture["locks"] is None
    assert "operator.read" in picture["coverage"]["locks"]["why"]
    assert "LOCKS: not visible" in mute.run("snapshot").out


def test_check_names_what_it_may_not_see(mute: Served) -> None:
    ran = mute.run("check")
    assert ran.code == 3
    assert ran.out.startswith("CLAWTOP UNKNOWN - locks cannot be seen: ")
    assert "operator.read" in ran.out
