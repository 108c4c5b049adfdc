"""Waiting for a gateway that was asked to restart: that it goes, and that it comes back.

An ordinary request is put off while anything is at work, a leak included, for at most five
minutes; then both generations drain. A leaked lock holds that up by 315 s on 2026.9.6; 2026.5.28
restarts inside its process, so that its uptime may go on (measured).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from clawtop.errors import ClawtopError, RefusedError
from clawtop.gateway.actionlog import ActionLog, read_log
from clawtop.gateway.asked import Said
from clawtop.gateway.watch import Watcher
from clawtop.remedies.outcome import Action
from clawtop.text import plain

BEGINS_S = 60.0  # one that was not put off begins long before
DEFERRED_S = 20.0  # one that was put off: perhaps the last work ends at once
FRESH_S = 30.0  # after its return: until everything was listed again
OPEN_MS = 600_000  # an action begun longer ago than the longest patience is over
AGAIN = "restart --now"
RESTARTING = "during gateway restart"


def refuse_while_acting(log: ActionLog, action: Action, own_id: str) -> None:
    """Raise RefusedError while another action of this host on that gateway has no end yet."""
    now_ms = round(time.time() * 1000)
    try:
        lines = read_log(log.path, now_ms - OPEN_MS)
    except ClawtopError:
        return  # no log to read: what it cannot tell it does not forbid
    for line in lines:
        begun = line.get("phase") == "begin" and line.get("gateway") == action.gateway
        if begun and line.get("action") == "release" and line.get("id") != own_id:
            target = line.get("target")
            key = target.get("session_key") if isinstance(target, dict) else None
            raise RefusedError(
                f"an action on {plain(str(key))} was begun and its outcome is not known yet",
                "Wait for it, or see clawtop actions",
            )


class Return:
    """One restart under way. ``problem``: why it did not come about, in words."""

    def __init__(self, watcher: Watcher, boots: int, tell: Callable[[str], None]) -> None:
        self.watcher, self._boots, self._tell = watcher, boots, tell
        self.problem = ""
        self.gone = False

    async def wait(self, wait_s: float, said: Said | None) -> bool:
        """Whether the gateway went and came back within ``wait_s`` seconds. ``said``: its answer.

        One that was scheduled comes for sure, but perhaps only after a drain of five minutes, in
        which 2026.5.28 answers everything as ever (measured).
        """
        end = time.monotonic() + wait_s
        begins = min(DEFERRED_S if said is not None and said.deferred else BEGINS_S, wait_s)
        if said is not None and said.scheduled:
            begins = wait_s
        if not await self._until(self._going, time.monotonic() + begins):
            self.problem = "the gateway has not begun to restart"
            return False
        self.gone = True
        self._tell("it is going down")
        if not await self._until(self._back, end):
            self.problem = "the gateway went down or drains, and has not come back yet"
            return False
        return True

    def _going(self) -> bool:
        """It says so, it is gone, or it answers nothing more because it drains (2026.9.6)."""
        store = self.watcher.store
        refuses = any(RESTARTING in why for why in store.failed.values())
        return store.draining or not store.link_up or refuses or self._back()

    def _back(self) -> bool:
        store = self.watcher.store
        return store.link_up and store.boots != self._boots

    async def _until(self, seen: Callable[[], bool], end: float) -> bool:
        """Like ``until``, and trying to connect once a second."""
        nudged = 0.0
        while True:
            now = time.monotonic()
            self.watcher.store.refresh(self.watcher.clock.now_ms())
            if seen():
                return True
            if now >= end:
                return False
            if not self.watcher.store.link_up and now - nudged >= 1:
                nudged = now
                self.watcher.reconnect_now()
            await asyncio.sleep(0.05)
