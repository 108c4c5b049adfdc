"""Every action ends with one of the contract's words, and is written down, however it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clawtop.errors import CallError, ClawtopError, RefusedError
from clawtop.gateway.actionlog import ActionLog, read_log
from clawtop.gateway.batch import Batch
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.under_way import UnderWay
from clawtop.remedies.outcome import Action, Item

WATCHER: Any = SimpleNamespace(clock=GatewayClock())


def action_on(*ids: str) -> Action:
    return Action(
        action="test",
        gateway="edge-1",
        target={"ids": list(ids)},
        step="",
        plan=[],
        loses=[],
        started_at_ms=1,
        operator="ann@host",
    )


class Doing(UnderWay):
    """Asks, if it is to, and then stops."""

    def __init__(self, log: ActionLog, stop: BaseException | None, *, asks: bool) -> None:
        self.told: list[str] = []
        action = action_on()
        super().__init__(
            WATCHER, action, log=log, on_progress=lambda one: self.told.append(one.outcome)
        )
        self.stop, self.asks = stop, asks

    async def _perform(self) -> None:
        self.action.requested = self.asks
        if self.stop is not None:
            raise self.stop
        self._end("done", "seen")

    def _end(self, outcome: str, *why: str) -> None:
        self.action.outcome, self.action.reason = outcome, "; ".join(why)


ENDS = [
    (None, True, "done"),
    (ClawtopError("broke"), False, "refused"),
    (ClawtopError("broke"), True, "unknown"),
    (RefusedError("no"), True, "refused"),
    (asyncio.CancelledError(), False, "refused"),
    (asyncio.CancelledError(), True, "unknown"),
]


@pytest.mark.parametrize(("stop", "asks", "outcome"), ENDS)
def test_however_it_ends_it_is_written_down_and_told(
    tmp_path: Path, stop: BaseException | None, asks: bool, outcome: str
) -> None:
    log = ActionLog(tmp_path / "actions.jsonl", {})
    doing = Doing(log, stop, asks=asks)
    if isinstance(stop, asyncio.CancelledError):
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(doing.run())
    else:
        asyncio.run(doing.run())
    assert doing.told == [outcome]
    assert [one["outcome"] for one in read_log(tmp_path / "actions.jsonl")] == [outcome]


class Sending(Batch):
    """Sends the first of its items, and gets no answer."""

    def __init__(self, log: ActionLog, *, sent: bool) -> None:
        super().__init__(WATCHER, action_on("a", "b"), log=log)
        self.error = CallError("the link broke")
        self.error.sent = sent

    async def _perform(self) -> None:
        self._sent.add("a")
        item = self._unsent("a", self.error)
        if item is not None:
            self.items.append(item)
        raise self.error


@pytest.mark.parametrize(("sent", "outcome"), [(True, "unknown"), (False, "refused")])
def test_what_did_not_leave_is_refused_and_what_did_is_unknown(
    tmp_path: Path, sent: bool, outcome: str
) -> None:
    sending = Sending(ActionLog(tmp_path / "actions.jsonl", {}), sent=sent)
    asyncio.run(sending.run())
    assert [(one.id, one.outcome) for one in sending.items] == [("a", outcome), ("b", "refused")]
    assert all(isinstance(one, Item) and one.reason for one in sending.items)
