"""What an incident does beside being shown: it rings the bell and runs the operator's command."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from clawtop.incidents.incident import Severity

if TYPE_CHECKING:
    from clawtop.gateway.hook import Hook
    from clawtop.incidents.engine import Change
    from clawtop.screen.standing import Standing

APART_S = 30.0


class Alarm:
    """``ring``: what makes the noise, or None for none. ``hook``: the command, or None."""

    def __init__(
        self,
        ring: Callable[[], None] | None,
        hook: Hook | None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring, self._hook, self._clock = ring, hook, clock
        self._rang_at: float | None = None

    def hear(self, changes: Sequence[Change], standing: Standing) -> None:
        """Take what became of incidents just now."""
        if self._ring is not None and any(_alarming(one, standing) for one in changes):
            self._ring_once(self._ring)
        if self._hook is not None:
            for one in changes:
                self._tell(self._hook, one, standing)

    def _ring_once(self, ring: Callable[[], None]) -> None:
        now_s = self._clock()
        if self._rang_at is None or now_s - self._rang_at >= APART_S:
            self._rang_at = now_s
            ring()

    def _tell(self, hook: Hook, change: Change, standing: Standing) -> None:
        from clawtop.incidents.ways import incident_document

        if change.what in ("new", "worse") and change.incident.severity != Severity.INFO:
            hook.offer(change.what, incident_document(change.incident, standing.engine.store))

    async def close(self) -> None:
        if self._hook is not None:
            await self._hook.close()


def _alarming(change: Change, standing: Standing) -> bool:
    """A new critical one, or one that became critical; not a muted one."""
    if change.incident.severity != Severity.CRITICAL or standing.mutes.holds(change.incident.key):
        return False
    was = change.before.severity if change.before is not None else None
    return change.what == "new" or (change.what == "worse" and was != Severity.CRITICAL)
