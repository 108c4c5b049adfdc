"""One command in this process: fast enough to try every way."""

from __future__ import annotations

import io
import signal
import sys

import pytest

from clawtop.cli.main import run
from clawtop.gateway import look


class Shell:
    """Runs commands and keeps all that they said."""

    def __init__(self, capfd: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capfd, self._patch = capfd, patch
        self.code = 0
        self.said = ""

    def hurry(self) -> None:
        """A look asks everything once, and does not stay to learn more."""
        self._patch.setattr(look, "PATIENCE_S", 0.0)
        self._patch.setattr(look, "in_doubt", lambda _watcher: False)

    def run(self, *argv: str, stdin: str = "") -> str:
        """What it wrote to both streams; ``code`` is its exit code."""
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capfd.readouterr()
        self.code = run(list(argv))
        signal.setitimer(signal.ITIMER_REAL, 0)  # completion ends its process when it takes long
        told = self._capfd.readouterr()
        self.said += told.out + told.err
        return told.out + told.err
