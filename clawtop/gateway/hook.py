"""``--on-incident``: a command of the operator's, run with an incident as JSON on its stdin.

Bounded in every direction: one at a time, a short queue, a time limit, a rate, and the same
incident not again for a while. What the command prints is thrown away, and it has no terminal.
Its failures are one sentence and never more.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from clawtop.errors import UsageError
from clawtop.text import count, plain

OFFERED = ("new", "worse")
RANK = {"critical": 0, "warning": 1}
MOST_REMEMBERED = 1_000


class Limits(Struct, frozen=True):
    """How much a hook may do. Seconds, and numbers of runs."""

    timeout_s: float = 10.0
    queue: int = 8
    a_minute: int = 10
    minute_s: float = 60.0
    again_s: float = 600.0  # the same incident, unless it became more severe


class Hook:
    """One command and the incidents that wait for it.

    ``on_problem`` is told each failure as one sentence. ``command`` is split as a shell would,
    but no shell runs it. Raises UsageError when it cannot be split.
    """

    def __init__(
        self,
        command: str,
        *,
        on_problem: Callable[[str], None] = lambda _text: None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.words = _split(command)
        self.on_problem = on_problem
        self._limits, self._clock = limits or Limits(), clock
        self._waiting: deque[bytes] = deque()
        self._starts: deque[float] = deque()
        self._handed: dict[str, tuple[float, int]] = {}
        self._dropped = 0
        self._working: asyncio.Task[None] | None = None

    def offer(self, what: str, incident: Mapping[str, Any]) -> bool:
        """Take an incident's document if it is news; True when it will be handed over.

        ``what``: what became of it (``new``, ``worse``, …). Needs a running event loop.
        """
        rank = RANK.get(str(incident["severity"]))
        if what not in OFFERED or rank is None or self._again(str(incident["key"]), rank):
            return False
        if len(self._waiting) >= self._limits.queue:
            self._dropped += 1
            return False
        self._remember(str(incident["key"]), rank)
        self._waiting.append(json.dumps(incident).encode() + b"\n")
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="clawtop-hook")
        return True

    async def close(self) -> None:
        """Forget what waits, and end the command that runs. Call it before the loop ends: asyncio
        of Python 3.11 waits for ever for a process that is given up while the loop shuts down."""
        self._waiting.clear()
        if self._working is not None:
            self._working.cancel()
            await asyncio.gather(self._working, return_exceptions=True)

    # -- what was handed over lately

    def _again(self, key: str, rank: int) -> bool:
        known = self._handed.get(key)
        return known is not None and self._lately(known[0]) and rank >= known[1]

    def _lately(self, at_s: float) -> bool:
        return self._clock() - at_s < self._limits.again_s

    def _remember(self, key: str, rank: int) -> None:
        if len(self._handed) >= MOST_REMEMBERED:
            self._handed = {
                key: known for key, known in self._handed.items() if self._lately(known[0])
            }
        self._handed[key] = (self._clock(), rank)

    # -- running it

    async def _work(self) -> None:
        while self._waiting:
            await self._pause()
            if not self._waiting:
                return
            await self._run(self._waiting.popleft())
            if self._dropped:
                noun = count(self._dropped, "incident")
                self._problem(f"was not told of {noun}: too many at once")
                self._dropped = 0

    async def _pause(self) -> None:
        """Wait until one more run keeps to so many a minute."""
        limits = self._limits
        while True:
            now_s = self._clock()
            while self._starts and now_s - self._starts[0] >= limits.minute_s:
                self._starts.popleft()
            if len(self._starts) < limits.a_minute:
                self._starts.append(now_s)
                return
            await asyncio.sleep(max(self._starts[0] + limits.minute_s - now_s, 0.01))

    async def _run(self, document: bytes) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self.words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # no terminal, and one group to end it by
            )
        except (OSError, ValueError) as error:
            self._problem(f"cannot be started: {getattr(error, 'strerror', None) or error}")
            return
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                await process.communicate(document)
        except TimeoutError:
            self._problem(f"was ended: it took longer than {self._limits.timeout_s:g} s")
            return
        finally:
            await _end(process)
        if process.returncode:
            self._problem(f"failed with exit code {process.returncode}")

    def _problem(self, what: str) -> None:
        self.on_problem(plain(f"--on-incident {self.words[0]} {what}"))


def _split(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--on-incident {plain(command)!r}: {error}", "Check its quotes") from None
    if not words:
        raise UsageError("--on-incident needs a command", "Example: --on-incident './page.sh ops'")
    return words


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it and what it started, unless it has ended."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
