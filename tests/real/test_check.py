"""``clawtop check`` as a monitoring system runs it: every exit code on a real gateway."""

from __future__ import annotations

import time

import pytest

from .conftest import APRIL
from .scene import Scene, eventually
from .shell import Ran, Shell

pytestmark = pytest.mark.real


def first_line(ran: Ran) -> str:
    """The one line that a pager shows; it must never carry another."""
    line, _, _ = ran.out.partition("\n")
    assert line.count("|") <= 1
    return line


def test_a_healthy_gateway_is_ok_and_says_so_in_figures(scene: Scene, shell: Shell) -> None:
    scene.all_quiet()
    key = scene.key("healthy")
    scene.chat(key, "[[drip:30]]")
    ran = shell.run("check", "--ignore", "I-27", "--ignore", "I-02")
    assert ran.code == 0, ran.out
    assert first_line(ran).startswith("CLAWTOP OK")
    assert "locks=1" in first_line(ran)


def test_three_equal_requests_are_a_warning(scene: Scene, shell: Shell) -> None:
    scene.decider()
    key = scene.key("asks")
    scene.ask(key, ["git push"] * 3)
    ran = shell.run("check", "--approvals", "on", "--ignore", "I-27", "--ignore", "I-02")
    assert ran.code == 1, ran.out
    assert "CLAWTOP WARNING" in first_line(ran)
    assert key in ran.out


def test_a_leak_is_critical_after_a_second_look(scene: Scene, shell: Shell) -> None:
    """Nothing but what the first look remembered can tell the second how long it lasts."""
    scene.all_quiet()
    key = scene.key("leaked")
    scene.leak(key)
    stale = ("--stale-after", "15s")
    first = shell.run("check", *stale)
    began = time.monotonic()

    def critical() -> Ran | None:
        ran = shell.run("check", *stale)
        return ran if ran.code == 2 else None

    assert first.code in (0, 1), first.out
    ran = eventually(critical, "a critical check", 120)
    assert time.monotonic() - began >= 5
    assert "leaked lock" in first_line(ran)
    if scene.version != APRIL:
        assert key in first_line(ran)


def test_no_gateway_and_a_wrong_token_are_unknown(scene: Scene, shell: Shell) -> None:
    ran = shell.run("check", url="ws://127.0.0.1:9")
    assert (ran.code, first_line(ran)[:15]) == (3, "CLAWTOP UNKNOWN")
    shell.token_file.write_text("not the token\n")
    ran = shell.run("check")
    assert (ran.code, first_line(ran)[:15]) == (3, "CLAWTOP UNKNOWN")
    assert scene.gateway.token not in ran.out + ran.err
