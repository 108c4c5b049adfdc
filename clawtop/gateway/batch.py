"""One batch of small actions under way: what denials and cancellations share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from clawtop.errors import ClawtopError
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.watch import Watcher
from clawtop.remedies.outcome import Action, Item, conclude_items


class Batch:
    """Items that are sent one by one, never twice. ``action`` is filled in as facts come.

    ``missing``: ids that were not there when the plan was made.
    """

    def __init__(
        self,
        watcher: Watcher,
        action: Action,
        *,
        log: ActionLog,
        missing: list[str] | None = None,
        on_progress: Callable[[Action], None] | None = None,
    ) -> None:
        self.watcher, self.action, self.log = watcher, action, log
        self.items: list[Item] = []
        self.action.items = self.items
        self._missing = missing or []
        self._on_progress = on_progress
        self._sent: set[str] = set()

    async def run(self) -> Action:
        """The whole batch; each item's outcome is always one of the contract's words."""
        began = time.monotonic()
        log_id = self.log.begin(self.action, self.watcher.clock.now_ms())
        try:
            await self._perform()
        except ClawtopError as error:
            self._rest(error.sentence())
        except asyncio.CancelledError:
            self._rest("interrupted before it was sent")
            raise
        finally:
            conclude_items(self.action)
            self.action.took_ms = round((time.monotonic() - began) * 1000)
            self.log.end(log_id, self.action, self.watcher.clock.now_ms())
            self._tell()
        return self.action

    async def _perform(self) -> None:
        """Send what the plan holds, an item each. Raises ClawtopError where it has to stop."""
        raise NotImplementedError

    def _rest(self, why: str) -> None:
        """Items not reached; one that was sent and is not settled stays unknown."""
        known = {item.id for item in self.items}
        for one in self.action.target["ids"]:
            if one not in known:
                outcome = "unknown" if one in self._sent else "refused"
                self.items.append(Item(one, outcome, reason=why))
        self.action.reason = why

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.action)
