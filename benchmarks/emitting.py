"""The emitter process as the measuring side sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from benchmarks.terminal import ROOT


@dataclass(frozen=True)
class Told:
    """What the emitter answers: when it began (monotonic seconds), events sent since the last
    ``flood`` or ``pace`` began, bytes the kernel did not take now, and the most of them."""

    at: float
    sent: int
    waiting: int
    most: int


class Emitter:
    """Its address, and the line to it."""

    def __init__(self, url: str, ask: IO[str], answers: IO[str]) -> None:
        self.url, self._ask, self._answers = url, ask, answers

    def tell(self, line: str) -> Told:
        """Have it done; blocks until it is. Raises BrokenPipeError when the emitter is gone."""
        print(line, file=self._ask, flush=True)
        answer = self._answers.readline()
        if not answer:
            raise BrokenPipeError(f"the emitter went away at {line!r}")
        return Told(**json.loads(answer))


@contextmanager
def emitter(scene: str) -> Iterator[Emitter]:
    """An emitter process with that scene."""
    command = [sys.executable, "-m", "benchmarks.emitter", scene]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            yield Emitter(f"ws://127.0.0.1:{port}", process.stdin, process.stdout)
        finally:
            process.kill()
