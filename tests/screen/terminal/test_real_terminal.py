"""Colours, characters and torn keys at the bytes of a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tests.cli.shell import Served, serving
from tests.screen.test_terminal import DEADLINE_S, Terminal, terminal

SSH = {"SSH_CONNECTION": "198.51.100.7 50000 198.51.100.8 22", "COLORTERM": "truecolor"}
MOUSE_ON = b"\x1b[?1000h"
TRUECOLOUR = re.compile(rb"\x1b\[[0-9;]*[34]8;2;")
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
SLOW_S = 0.3  # a link that lets the rest of a key wait
# What can follow Esc and a bracket or O: the finals of keys and answers, and every key of ours.
FINALS = "ABCDEFHIMOPQRSZcntuy~" + "XKNTGjkgqsfwlazr"


def painted(running: Terminal) -> list[str]:
    """What no gateway changes by itself: header, titles, selection, words, footer."""
    lines = running.shown.lines()
    parts = [line[:9] if line.startswith("─") else line[:2] for line in lines[2:-2]]
    return [re.sub("[0-9]", "", lines[0]), *parts, *lines[-2:]]


def selected(running: Terminal) -> list[str]:
    """The session of the selected row."""
    lines = (line for line in running.shown.lines() if line.startswith("> "))
    return [found.group() for line in lines if (found := re.search("agent:main:[a-z]+", line))]


def settle(running: Terminal, quiet_s: float = 0.15) -> None:
    """Read until it says nothing more."""
    while running.read(quiet_s):
        pass


def hold(served: Served, key: str) -> None:
    served.do(lambda gateway: gateway.world.start_run(key, "rpc"))


@pytest.mark.parametrize("introducer", ["[", "O", "[1;5"])
def test_a_torn_arrow_key_never_acts(tmp_path: Path, introducer: str) -> None:
    with serving(tmp_path) as served, terminal(served) as running:
        hold(served, "agent:main:held")
        running.until(b"agent:main:held")
        settle(running)
        before = painted(running)
        for final in FINALS:
            os.write(running.master, b"\x1b")
            running.read(SLOW_S)  # longer than a local terminal is waited for
            os.write(running.master, (introducer + final).encode())
            settle(running)
            assert painted(running) == before, f"{introducer}{final}"
        assert running.process.poll() is None


def test_over_ssh_the_rest_of_an_arrow_key_is_waited_for(tmp_path: Path) -> None:
    with serving(tmp_path) as served, terminal(served, env=SSH) as running:
        hold(served, "agent:main:one")
        hold(served, "agent:main:two")
        running.until(b"agent:main:one")
        running.until(b"agent:main:two")
        settle(running)
        before = selected(running)
        os.write(running.master, b"\x1b")
        running.read(SLOW_S)
        os.write(running.master, b"[B")
        end = time.monotonic() + DEADLINE_S
        while selected(running) == before:
            assert time.monotonic() < end, "the selection never moved"
            running.read(0.1)


@pytest.mark.parametrize(
    ("args", "env", "truecolour", "mouse"),
    [
        ((), {"COLORTERM": "truecolor"}, True, True),
        ((), SSH, False, False),
        (("--theme", "nord", "--mouse"), SSH, True, True),
        (("--theme", "ansi"), {"COLORTERM": "truecolor"}, False, True),
        ((), {"COLORTERM": "truecolor", "CLAWTOP_THEME": "ansi"}, False, True),
    ],
    ids=["here", "over SSH", "asked for over SSH", "asked for here", "environment"],
)
def test_colours_and_mouse(
    tmp_path: Path, args: tuple[str, ...], env: dict[str, str], truecolour: bool, mouse: bool
) -> None:
    with serving(tmp_path) as served, terminal(served, *args, env=env) as running:
        running.until(b"nothing is wrong")
        assert bool(TRUECOLOUR.search(running.seen)) is truecolour
        assert (MOUSE_ON in running.seen) is mouse


def test_a_theme_in_the_config(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "clawtop"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('theme = "ansi"\n', encoding="utf-8")
    env = {"XDG_CONFIG_HOME": str(folder.parent), "COLORTERM": "truecolor"}
    with serving(tmp_path) as served, terminal(served, env=env) as running:
        running.until(b"nothing is wrong")
        assert not TRUECOLOUR.search(running.seen)


def test_a_wrong_theme_is_wrong_usage(tmp_path: Path) -> None:
    with serving(tmp_path) as served, terminal(served, "--theme", "nrod") as running:
        assert running.ended() == 2
        assert b"there is no theme 'nrod'. There are: auto, ansi, " in running.seen


def test_no_colour_means_none_and_states_stay_words(tmp_path: Path) -> None:
    env = {"NO_COLOR": "1", "COLORTERM": "truecolor"}
    with serving(tmp_path) as served, terminal(served, env=env) as running:
        hold(served, "agent:main:held")
        running.until(b"agent:main:held")
        running.until(b"working")
        os.write(running.master, b"X")
        running.until(b"sessions.abort")
        assert not COLOUR.findall(running.seen)


@pytest.mark.parametrize(
    ("args", "env"),
    [(("--ascii",), {}), ((), {"LC_ALL": "C"}), ((), {"TERM": "linux"})],
    ids=["asked for", "the locale", "the console"],
)
def test_nothing_but_ascii(tmp_path: Path, args: tuple[str, ...], env: dict[str, str]) -> None:
    with serving(tmp_path) as served, terminal(served, *args, env=env) as running:
        hold(served, "agent:main:überall-寿司")
        running.until(b"working")
        running.until(b"agent:main:")
        os.write(running.master, b"X")
        running.until(b"sessions.abort")
        assert running.seen.isascii()
        assert b"+---" in running.seen  # the border of a dialog
