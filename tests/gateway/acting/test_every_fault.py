"""Every action under every fault: what is said is true, and nothing is ever sent twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from clawtop.gateway import act, cancel, deny, watch
from clawtop.gateway.link import Link

from .deeds import DEEDS, Deed
from .faults import faults_of
from .trial import Fault, breaking, lies, run

AT_ONCE = 15


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The addresses whose acting links break early; and patience for a test."""
    found: set[str] = set()
    monkeypatch.setattr(Link, "open", breaking(found))
    monkeypatch.setattr(act, "LOOK_AGAIN_S", 1.5)
    monkeypatch.setattr(act, "ANSWERS_IN_S", {})
    monkeypatch.setattr(cancel, "SETTLE_S", 0.5)
    monkeypatch.setattr(deny, "EVENT_WAIT_S", 0.3)
    monkeypatch.setattr(watch, "BACKOFF_S", (0.1,))
    return found


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.title)
def test_the_outcome_is_true_and_nothing_is_sent_twice(
    deed: Deed, tmp_path: Path, cut: set[str]
) -> None:
    """The faults of one action are tried side by side, each on a gateway of its own."""
    found: list[str] = []
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, fault: Fault) -> None:
        async with turns, asyncio.timeout(60):
            folder = tmp_path / str(number)
            folder.mkdir()
            found.extend(lies(deed, fault, await run(deed, fault, folder, cut)))

    async def every() -> None:
        faults = faults_of(deed)
        await asyncio.gather(*(one(number, fault) for number, fault in enumerate(faults)))

    asyncio.run(every())
    assert not found, "\n".join(found)
