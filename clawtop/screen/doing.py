"""Actions under way: started from a confirmed plan, followed without blocking the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from clawtop.screen.rows import fit_text
from clawtop.text import count, plain

if TYPE_CHECKING:  # loaded with the first acting key
    from clawtop.gateway.actionlog import Runner
    from clawtop.remedies.outcome import Action

LEAST = 12  # cells of a target
KEEP_S = 60.0  # a finished action stays on the screen this long
DONE = {"cancel-task": "cancelled", "drop-event": "dropped"}
FACT = {True: "yes", False: "NO", None: "…"}


class Doing:
    """What is being done and what was just done. Seconds are monotonic."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._tasks: set[asyncio.Task[Any]] = set()
        self._latest: Runner | None = None
        self._patience_s = 0.0
        self._began = self._ended = 0.0

    def start(self, runner: Runner, patience_s: float) -> None:
        """Run it; its facts show up in ``line``."""
        self._latest, self._patience_s, self._began = runner, patience_s, time.monotonic()
        task = asyncio.ensure_future(self._run(runner))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, runner: Runner) -> None:
        try:
            await runner.run()
        finally:
            self._ended = time.monotonic()
            self._on_change()

    @property
    def in_flight(self) -> int:
        return len(self._tasks)

    def head(self) -> str:
        """For the header: how many, and how long the newest has been at it."""
        if not self._tasks:
            return ""
        passed = round(time.monotonic() - self._began)
        noun = "action" if len(self._tasks) == 1 else "actions"
        return f"{len(self._tasks)} {noun}, {passed} of {round(self._patience_s)} s"

    def line(self, width: int = 1_000) -> str:
        """The three facts of the newest action, or its outcome; empty when it is long over.

        Of a long session key both ends stay, whatever else has to go.
        """
        runner = self._latest
        if runner is None:
            return ""
        if not self._tasks and time.monotonic() - self._ended > KEEP_S:
            return ""
        action = runner.action
        if self._tasks:
            return _about(_facts(action) if action.action == "release" else "", action, width)
        if runner.log.problem is not None:
            return plain(f"{action.outcome.upper()}, but {runner.log.problem}")
        words = action.outcome.replace("_", " ").upper()
        if action.outcome == "done" or not action.reason:
            return _about(f"{words}: {_items(action)}", action, width)
        return plain(f"{words}: {action.reason}  {action.title} {_target(action)}")

    async def stop(self) -> None:
        """Interrupt what is under way; each records its outcome as unknown."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _about(facts: str, action: Action, width: int) -> str:
    """The facts, what is done and to whom. Where it is narrow, what is done gives way."""
    target = _target(action)
    if action.action != "release":
        return plain(f"{facts}  {action.title} {target}".strip())
    for words in (f"{facts}  {plain(action.step)}", facts):
        room = width - cell_len(words) - 2
        if room >= min(LEAST, cell_len(target)):
            return f"{words}  {fit_text(target, room, middle=True).rstrip()}"
    return facts


def _target(action: Action) -> str:
    key = action.target.get("session_key") or action.target.get("gateway")
    noun = "task" if action.action == "cancel-task" else "approval"
    return plain(str(key)) if key else count(len(action.target.get("ids", [])), noun)


def _facts(action: Action) -> str:
    return (
        f"accepted {FACT[action.accepted]} · released {FACT[action.released]}"
        f" · queue moving {FACT[action.queue_moving]}"
    )


def _items(action: Action) -> str:
    if action.action == "heartbeats":
        return action.reason  # an answer is all there is, and what it is worth is in there
    if action.items is None:
        return _facts(action).replace("…", "-")
    done = sum(1 for item in action.items if item.outcome == "done")
    what = DONE.get(action.action, "denied")
    return f"{done} of {len(action.items)} {what}"
