"""The dashboard on a recording: it says so, it moves through time, and it acts on nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import Raw

from clawtop.demo import ScriptedGateway
from clawtop.gateway.feed import Line
from clawtop.gateway.replay import Player
from clawtop.gateway.tape_read import Tape
from clawtop.incidents.engine import Engine
from clawtop.screen import pace
from clawtop.screen.app import ClawtopApp
from clawtop.screen.dialogs import Confirm
from tests.gateway.test_replay import DM, busy, record
from tests.gateway.test_tape import T0, recorded
from tests.screen.stage import Stage, play, stage

KEY = "agent:main:main"


def rows(at_s: int, *keys: str) -> Line:
    """A listing of running sessions, that many seconds after the start."""
    listed = ",".join(
        f'{{"key":"{key}","sessionId":"s","status":"running","hasActiveRun":true}}' for key in keys
    )
    raw = f'{{"ts":{T0 + at_s * 1000},"hasMore":false,"sessions":[{listed}]}}'
    at = T0 + at_s * 1000
    return Line(at, 7, "answer", method="sessions.list", params={}, payload=Raw(raw.encode()))


@asynccontextmanager
async def replaying(path: Path, **how: Any) -> AsyncIterator[Stage]:
    tape = Tape(path)
    player = Player(tape, Engine, **how)
    app = ClawtopApp(
        player.attached, ("edge-1", "edge:1"), store=player.store, operator="tester@desk"
    )
    async with app.run_test(size=(100, 30)) as pilot:
        yield Stage(None, app, pilot)  # type: ignore[arg-type]


@pytest.fixture
def ten_minutes(tmp_path: Path) -> Path:
    """One session until the fifth minute, another one from then on."""
    lines = [
        rows(second, KEY if second < 300 else "agent:main:later") for second in range(0, 600, 5)
    ]
    return recorded(tmp_path / "tape", *lines)


def test_an_open_page_follows_the_time_of_the_recording(
    ten_minutes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with replaying(ten_minutes) as on:
            await on.until_text(KEY)
            await on.press("space", "enter")
            await on.until_text("held        ≥", "REPLAY 11-18")
            monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: 0.0))  # we rest
            player = on.app.watcher
            assert isinstance(player, Player)
            for seconds in ("10", "20", "30"):
                player.scrub(10_000)
                on.app.dirty()
                await on.until_text(f"held        ≥{seconds}s")

    play(scene)


def test_the_header_says_replay_and_when(ten_minutes: Path) -> None:
    async def scene() -> None:
        async with replaying(ten_minutes) as on:
            await on.until_text("REPLAY 11-18", "x1", "read-only", KEY)
            assert "live" not in on.lines()[0]
            assert "can act" not in on.lines()[0]

    play(scene)


def test_it_moves_through_time_in_both_directions(ten_minutes: Path) -> None:
    async def scene() -> None:
        async with replaying(ten_minutes) as on:
            await on.until_text(KEY)
            await on.press("space")
            await on.until_text("paused")
            await on.press(*["."] * 6)
            await on.until_text("agent:main:later")
            assert KEY not in on.text()
            await on.press(*["comma"] * 6)
            await on.until(lambda: KEY in on.text(), "the picture from before")
            assert "agent:main:later" not in on.text()
            await on.press("space")
            await on.until_text("x1")

    play(scene)


def test_at_its_end_it_says_so(ten_minutes: Path) -> None:
    async def scene() -> None:
        async with replaying(ten_minutes, speed=float("inf")) as on:
            await on.until_text("end", "agent:main:later")

    play(scene)


def test_no_acting_key_acts_and_each_says_why(ten_minutes: Path) -> None:
    async def scene() -> None:
        async with replaying(ten_minutes) as on:
            await on.until_text(KEY)
            on.app.board.focus_panel(2)
            for key in ("X", "K", "r"):
                on.app.hush()
                await on.press(key)
                await on.until_text("this is a replay")
                assert not isinstance(on.app.screen, Confirm)

    play(scene)


def test_jumping_goes_to_the_first_naming_and_says_what(tmp_path: Path) -> None:
    path = tmp_path / "tape"
    record(path, busy)

    async def scene() -> None:
        async with replaying(path) as on:
            await on.until(lambda: on.app.watcher is not None, "the player")
            player = on.app.watcher
            assert isinstance(player, Player)
            await on.until(lambda: player.survey.done, "the whole tape was read")
            first = player.survey.firsts[-1]
            player.seek(player.tape.ends_ms)
            await on.until(lambda: player.at_end, "the end")
            await on.press("p")
            await on.until_text(first.id, first.name)
            await on.until_text(DM)

    play(scene)


def test_on_a_live_gateway_these_keys_say_that_there_is_no_recording() -> None:
    async def scene() -> None:
        async with stage(ScriptedGateway()) as on:
            for key in ("space", "comma", ".", "p", "n"):
                on.app.hush()
                await on.press(key)
                await on.until_text("clawtop replay FILE")

    play(scene)
