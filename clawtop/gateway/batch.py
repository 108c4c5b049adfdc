"""One batch of small actions under way: what denials, cancellations and drops share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from clawtop.errors import CallError, ClawtopError, UnclearError
from clawtop.gateway import frames
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.under_way import OnProgress, UnderWay
from clawtop.gateway.watch import Watcher
from clawtop.remedies.outcome import Action, Item, conclude_items
from clawtop.text import mask, plain

T = TypeVar("T")

LOOK = "look before repeating it"
LONGEST = 160  # characters of gateway text in a reason


class Batch(UnderWay):
    """Items that are sent one by one, never twice.

    ``missing``: ids that were not there when the plan was made.
    """

    def __init__(
        self,
        watcher: Watcher,
        action: Action,
        *,
        log: ActionLog,
        missing: list[str] | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        super().__init__(watcher, action, log=log, on_progress=on_progress)
        self.items: list[Item] = []
        self.action.items = self.items
        self._missing = missing or []
        action.target["ids"] += self._missing
        self._sent: set[str] = set()

    def _stopped(self, error: ClawtopError) -> None:
        self._rest(error.sentence())

    def _interrupted(self) -> None:
        self._rest("interrupted")

    def _conclude(self) -> None:
        conclude_items(self.action)
        self.action.requested = bool(self._sent)

    def _rest(self, why: str) -> None:
        """Items not reached; one that was sent and is not settled stays unknown."""
        known = {item.id for item in self.items}
        for one in self.action.target["ids"]:
            if one not in known:
                outcome = "unknown" if one in self._sent else "refused"
                self.items.append(Item(one, outcome, reason=why))
        self.action.reason = why

    def _unsent(self, item_id: str, error: CallError) -> Item | None:
        """The item of a request that never left; None when it did."""
        if error.sent:
            return None
        self._sent.discard(item_id)
        return Item(item_id, "refused", reason=f"{error.message}; nothing was sent")


def understood(method: str, read: Callable[[], T]) -> T:
    """An answer, decoded. Raises UnclearError."""
    try:
        return read()
    except frames.UNREADABLE:
        raise UnclearError(method) from None


def unknown(item_id: str, error: CallError) -> Item:
    """Sent, and no answer came."""
    return Item(item_id, "unknown", reason=f"{error.message}: {LOOK}")


def said_no(message: str) -> str:
    """The gateway's refusal in words."""
    return f"the gateway said no: {quoted(message)}"


def quoted(text: str) -> str:
    """Gateway text for a reason."""
    return plain(mask(text)[0])[:LONGEST]
