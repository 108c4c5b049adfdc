"""No byte of gateway text moves a cursor, sets a title, writes a clipboard or forges our lines."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from pathlib import Path

import pytest

from clawtop.cli import doctor
from clawtop.errors import ClawtopError
from tests.cli.shell import serving
from tests.hostile.commands import every
from tests.hostile.inside import Shell
from tests.hostile.places import filled
from tests.hostile.test_payloads import unseen
from tests.screen.test_terminal import terminal

FORGED = "CRITICAL forged by a chat"
EVIL = (
    "\x1b[2J\x1b[H\x1b]0;owned\x07\x1b]52;c;aGk=\x07\x9b31m\x1bP1$r\x1b\\\x1b[6n"
    f"\r\n{FORGED}\n\x08\x08\x7f\x85\u2028\u202e\u200b\ufeff\U000e0041|end"
)
TITLES = re.compile(rb"\x1b\][012][;\x07]")
CLIPBOARD = re.compile(rb"\x1b\]52;c;([^\x07\x1b]*)")


@pytest.mark.parametrize("generation", ["april", "september"])
def test_no_command_prints_a_character_that_a_terminal_obeys(
    shell: Shell, tmp_path: Path, generation: str
) -> None:
    shell.hurry()
    world = filled(EVIL, generation)
    key = f"agent:main:telegram:direct:{EVIL}"
    with serving(tmp_path, world=world) as served:
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
        said = every(shell, key, where, tmp_path / "night.tape")
    for line, text in said.items():
        tabs = "\t" if line.startswith("complete") else ""
        assert unseen(text.replace(tabs, "")) == set(), line
        forged = [one for one in text.splitlines() if one.lstrip("# -*>").startswith(FORGED)]
        assert forged == [], line
    assert FORGED in shell.said, "it is shown where it belongs"


def test_an_error_of_the_gateway_prints_nothing_that_a_terminal_obeys(
    shell: Shell, tmp_path: Path
) -> None:
    shell.hurry()
    says = {"code": EVIL, "message": EVIL, "details": {"reason": EVIL, "code": EVIL}}
    world = filled("x")
    with serving(tmp_path, world=world) as served:
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
        for methods in (READS, ACTS, ["connect"]):
            for method in methods:
                served.do(lambda gw, one=method: gw.faults.error_methods.update({one: says}))
            key = "agent:main:telegram:direct:x"
            said = every(shell, key, where, tmp_path / f"{len(methods)}.tape")
            for line, text in said.items():
                tabs = "\t" if line.startswith("complete") else ""
                assert unseen(text.replace(tabs, "")) == set(), line
    assert "owned" in shell.said


READS = ["status", "logs.tail", "diagnostics.lanes", "health", "tasks.list", "clawtop.snapshot"]
ACTS = [
    *("exec.approval.resolve", "plugin.approval.resolve", "approval.resolve", "tasks.cancel"),
    *("clawtop.dropEvent", "clawtop.release", "sessions.abort", "set-heartbeats"),
]


def test_an_error_that_was_not_escaped_is_escaped_when_it_is_printed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_args: object) -> int:
        raise ClawtopError(f"it said {EVIL} and token=sk-canary-0123456789", EVIL)

    monkeypatch.setattr(doctor, "run", fail)
    told = shell.run("doctor") + shell.run("doctor", "--json")
    assert unseen(told) == set()
    assert "sk-canary" not in told
    assert len([line for line in told.splitlines() if not line.startswith("{")]) == 2


def test_a_close_of_the_gateway_prints_nothing_that_a_terminal_obeys(
    shell: Shell, tmp_path: Path
) -> None:
    with serving(tmp_path) as served:
        served.gateway.faults.html_only = True
        served.gateway.faults.refuse_upgrade_text = EVIL
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
        for status in (None, 401, 503):
            served.gateway.faults.refuse_upgrade_status = status
            shell.run("snapshot", *where)
            assert shell.code == 3
    assert unseen(shell.said) == set()


KEYS = (b"3", b"\r", b"c", b"\x1b", b"\x1b", b"1", b"\r", b"\x1b", b"2", b"\r", b"\x1b", b"4")
KEYS += (b"5", b"\x1b", b"0", b"\r", b"\x1b", b"w", b"\x1b", b"l", b"\x1b", b"N", b"\x1b")


def test_the_bytes_of_the_dashboard_are_its_own(tmp_path: Path) -> None:
    world = filled(EVIL)
    with serving(tmp_path, world=world) as served, terminal(served) as running:
        running.until(b"owned")
        for key in KEYS:
            os.write(running.master, key)
            running.read(0.2)
        shown = "\n".join(running.shown.lines())
        os.write(running.master, b"\x03")
        running.ended()
    assert TITLES.findall(running.seen) == []
    copied = CLIPBOARD.findall(running.seen)
    assert len(copied) <= KEYS.count(b"c"), "only a person's c writes the clipboard"
    assert all(unseen(b64decode(one).decode()) == set() for one in copied)
    for raw in (b"\xc2\x9b", b"\xc2\x85", "\u2028".encode(), "\u202e".encode(), b"\x1bP1$r"):
        assert raw not in running.seen
    assert b"\x1b[6n" not in running.seen, "nothing asks the terminal for an answer"
    assert not any(line.lstrip("> ").startswith(FORGED) for line in shown.splitlines())
