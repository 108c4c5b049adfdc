"""A shell at a terminal; its ``clawtop`` completes for real, and else only notes its words."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

DEADLINE_S = 30
CLAWTOP = """#!/bin/sh
case $1 in complet*) exec {python} -m clawtop "$@" ;; esac
printf '%s\\0' "$@" > {folder}/part && mv {folder}/part {folder}/ran
"""
PROMPT = b"READY> "
START = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
}
INSTALL = {
    "bash": "source <(clawtop completion bash)",
    "zsh": "autoload -U compinit; compinit -u -D; source <(clawtop completion zsh)",
}


def need(shell: str) -> None:
    """bash has to be there; a test for another shell is skipped where it is missing."""
    if shell != "bash" and shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


def surroundings(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """An environment with that clawtop first on its PATH, and nothing of the developer's shell."""
    program = folder / "bin" / "clawtop"
    program.parent.mkdir()
    program.write_text(CLAWTOP.format(python=sys.executable, folder=folder))
    program.chmod(0o700)
    root = str(Path(__file__).parents[2])
    path = f"{program.parent}:{os.environ['PATH']}"
    own = {"HOME": str(folder), "PATH": path, "PYTHONPATH": root, "PS1": PROMPT.decode()}
    return {**os.environ, **own, "TERM": "dumb", "INPUTRC": os.devnull, **more}


class TypingShell:
    """What a person types, and what clawtop is then given."""

    def __init__(self, shell: str, folder: Path, more: Mapping[str, str]) -> None:
        self._ran, self._seen = folder / "ran", b""
        self._terminal, side = pty.openpty()
        self.process = subprocess.Popen(
            START[shell],
            stdin=side,
            stdout=side,
            stderr=side,
            env=surroundings(folder, more),
            cwd=folder,
            start_new_session=True,
        )
        os.close(side)
        self._until(lambda: PROMPT in self._seen)
        self._type(f"{INSTALL[shell]}; echo SET''UP\n")
        self._until(lambda: b"SETUP" in self._seen)

    def _type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def _until(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not done():
            assert time.monotonic() < end, self._seen[-2000:]
            if select.select([self._terminal], [], [], 0.05)[0]:
                self._seen += os.read(self._terminal, 65_536)

    def given(self, typed: str) -> list[str]:
        """The words clawtop gets when this is typed, then Tab, then Enter."""
        self._ran.unlink(missing_ok=True)
        self._type(f"{typed}\t\n")
        self._until(self._ran.exists)
        return self._ran.read_text().split("\0")[:-1]

    def close(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE_S)
        os.close(self._terminal)
