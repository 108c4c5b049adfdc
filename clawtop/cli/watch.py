"""``clawtop watch``: changes as they happen, a line each, until interrupted.

As text it is the mode for a screen reader: a short summary, then one fact a line. As JSON the
first lines are the present picture. A lost link is a line; from then on it is tried again for
ever.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import select
import sys
from dataclasses import dataclass, field

from clawtop.cli.dashboard import hook_of
from clawtop.cli.differ import Differ, Line
from clawtop.cli.setup import watcher_of
from clawtop.cli.watch_summary import Reminder, summary
from clawtop.cli.watch_text import line_text
from clawtop.errors import ClawtopError
from clawtop.gateway.hook import Hook
from clawtop.gateway.look import settle
from clawtop.gateway.watch import Watcher
from clawtop.incidents.engine import Engine

LOOK_S = 0.25
FIRST_S = 4.0  # for a picture without guesses; what is still in doubt follows as changes


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError when there is no gateway to begin with, and
    SignInError when it refuses us later."""
    hook = hook_of(args)
    if hook is not None:
        hook.on_problem = _complain
    watcher = watcher_of(args)
    teller = Teller(watcher, Differ(watcher.store, Engine(watcher.store)), hook, args.json)
    asyncio.run(_watch(watcher, teller))
    return 0


@dataclass
class Teller:
    """Prints what changed, and hands incidents to the hook."""

    watcher: Watcher
    differ: Differ
    hook: Hook | None
    as_json: bool
    begun: bool = False
    reminder: Reminder = field(default_factory=Reminder)

    def tell(self) -> None:
        self.watcher.store.refresh(self.watcher.clock.now_ms())
        lines = self.differ.lines()
        for text in [_json(line) for line in lines] if self.as_json else self._words(lines):
            print(text, flush=True)
        for line in lines:
            if self.hook is not None and line.panel == "incidents" and line.row is not None:
                self.hook.offer(line.was or line.change, line.row)

    def _words(self, lines: list[Line]) -> list[str]:
        """For ears. At first a summary takes the place of the rows."""
        store = self.watcher.store
        paused = self.reminder.lines(store)
        if not self.begun:
            self.begun = True
            return summary(store, self.differ.engine.incidents(), paused)
        return [text for line in lines for text in line_text(line)] + paused


async def _watch(watcher: Watcher, teller: Teller) -> None:
    await watcher.connect()
    watching = asyncio.create_task(watcher.run(), name="clawtop-watch")
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FIRST_S):
                await settle(watcher)
        while not watching.done():
            teller.tell()
            _check_reader()
            await asyncio.wait({watching}, timeout=LOOK_S)
        teller.tell()
        await watching
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError, ClawtopError):
            await watching
        if teller.hook is not None:
            await teller.hook.close()
        await watcher.close()


def _complain(sentence: str) -> None:
    print(f"clawtop: {sentence}", file=sys.stderr)


def _check_reader() -> None:
    """Raises BrokenPipeError when nobody reads any more, although there is nothing to tell."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        gone = bool(poll.poll(0))
    except (OSError, ValueError, AttributeError):  # not a file, or no such call on this system
        return
    if gone:
        raise BrokenPipeError


def _json(line: Line) -> str:
    return json.dumps(line.document(), ensure_ascii=True)
