"""The dashboard on a real gateway, driven by keys at 80x24."""

from __future__ import annotations

import asyncio

import pytest
from textual.pilot import Pilot

from clawtop.picture.records import Lock
from clawtop.screen.app import ClawtopApp

from .living import dashboard, soon
from .scene import Scene
from .shell import Shell

pytestmark = pytest.mark.real


def text(app: ClawtopApp) -> str:
    """What the terminal shows now."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def selected(app: ClawtopApp) -> str | None:
    """The session key of the selected lock."""
    record = app.record()
    return record.session_key if isinstance(record, Lock) else None


async def select(pilot: Pilot[None], app: ClawtopApp, key: str) -> None:
    """Move down with keys until that lock is selected."""
    await pilot.press("2", "g")
    for _ in range(10):
        if selected(app) == key:
            return
        await pilot.press("j")
    raise AssertionError(f"no row of {key} in\n{text(app)}")


@pytest.fixture(autouse=True)
def own_home(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The action log of the dashboard belongs to the test."""
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, shell.env[name])


def test_a_hung_run_is_released_by_two_keys(scene: Scene, shell: Shell) -> None:
    hung, alive = scene.key("hung"), scene.key("alive")
    scene.chat(hung, "[[hang]]")
    scene.chat(alive, "[[drip:300]]")

    async def story() -> None:
        app = dashboard(shell)
        async with app.run_test(size=(80, 24)) as pilot:
            await soon(lambda: hung in text(app) and alive in text(app), "row of either")
            head = text(app).splitlines()[0]
            assert head.startswith("clawtop")
            assert scene.version in head
            assert "live" in head
            await select(pilot, app, hung)
            await pilot.press("X")
            await soon(lambda: "[ Cancel ]" in text(app), "dialog")
            await pilot.pause()
            assert hung in text(app)
            assert "sessions.abort" in text(app)
            assert hung in scene.locks()
            await pilot.press("y")
            await soon(lambda: "\nDONE: " in text(app), "outcome")
            await soon(lambda: hung not in app.store.held.locks, "end of the row")

    asyncio.run(story())
    assert scene.locks().keys() == {alive}
    assert '"outcome": "done"' in shell.log_file.read_text()


def test_cancelling_the_dialog_sends_nothing(scene: Scene, shell: Shell) -> None:
    hung = scene.key("hung")
    scene.chat(hung, "[[hang]]")

    async def story() -> None:
        app = dashboard(shell)
        async with app.run_test(size=(80, 24)) as pilot:
            await soon(lambda: hung in text(app), "row")
            await select(pilot, app, hung)
            await pilot.press("X")
            await soon(lambda: "[ Cancel ]" in text(app), "dialog")
            await pilot.press("enter")
            await soon(lambda: "[ Cancel ]" not in text(app), "end of the dialog")
            assert app.doing.in_flight == 0

    asyncio.run(story())
    assert hung in scene.locks()
    assert not shell.log_file.exists()
