"""Heartbeats of a real gateway: what a pause stops, what ends it, and what clawtop says of it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import VERSIONS, LoneScene
from .living import living_watcher, soon
from .scene import Scene, eventually
from .shell import Shell

pytestmark = pytest.mark.real

NEVER_S = 35.0  # 2026.9.6 leaves 30 s between two heartbeats: what comes not by then, never comes
MAIN = "agent:main:main"


@pytest.fixture(params=VERSIONS)
def beating(request: pytest.FixtureRequest, lone_scene: LoneScene) -> Scene:
    """A gateway whose heartbeats come by themselves only once an hour."""
    scene = lone_scene(request.param, heartbeat_every="1h")
    scene.settled(MAIN)
    return scene


@pytest.fixture
def own_shell(beating: Scene, tmp_path: Path) -> Shell:
    return Shell(tmp_path, beating.gateway.url, beating.gateway.token)


def last(scene: Scene) -> dict[str, Any]:
    """The newest heartbeat the gateway tells of."""
    found: dict[str, Any] = scene.operator.call("last-heartbeat") or {}
    return found


def wake(scene: Scene, text: str) -> None:
    scene.operator.call("wake", {"mode": "now", "text": text})


def told(scene: Scene, before: dict[str, Any]) -> bool:
    return last(scene) != before


def stays_off(scene: Scene, before: dict[str, Any], text: str) -> None:
    """A wake changes nothing: no heartbeat is told, and its line goes on waiting."""
    asked = len(scene.provider.requests)
    wake(scene, text)
    end = time.monotonic() + NEVER_S
    while time.monotonic() < end:
        assert last(scene) == before
        assert len(scene.provider.requests) == asked
        time.sleep(1)
    assert any(text in line for line in scene.event_texts(MAIN))


def name_of(shell: Shell) -> str:
    return shell.url.split("//")[1]


def status(shell: Shell) -> dict[str, Any]:
    return shell.document("heartbeats", "status")


def test_a_pause_stops_wakes_and_a_resume_lets_them_run(beating: Scene, own_shell: Shell) -> None:
    before = last(beating)
    wake(beating, "look at the mail")
    eventually(lambda: told(beating, before), "heartbeat", 40)
    assert status(own_shell)["state"] == "unknown"
    action = own_shell.document("heartbeats", "pause", "--confirm-gateway", name_of(own_shell))
    assert (action["outcome"], action["accepted"], action["released"]) == ("done", True, None)
    paused = status(own_shell)
    assert paused["state"] == "paused_by_us"
    assert paused["paused_by"] == action["operator"]
    assert paused["configured"][0]["every_ms"] == 3_600_000
    stays_off(beating, last(beating), "nobody reads this yet")
    assert status(own_shell)["state"] == "paused_by_us", "the gateway itself says it is enabled"
    assert beating.operator.call("status")["heartbeat"]["agents"][0]["enabled"] is True
    before = last(beating)
    assert own_shell.document("heartbeats", "resume", "--yes")["outcome"] == "done"
    wake(beating, "now it is read")
    eventually(lambda: told(beating, before), "heartbeat after the resume", 60)
    assert status(own_shell)["state"] == "unknown"


def test_a_restart_inside_the_process_does_not_end_it_and_a_new_process_does(
    beating: Scene, own_shell: Shell
) -> None:
    own_shell.document("heartbeats", "pause", "--confirm-gateway", name_of(own_shell))
    before, process = last(beating), beating.gateway.pid

    async def story() -> None:
        async with living_watcher(own_shell) as watcher:
            store = watcher.store
            await soon(lambda: store.switch.state == "paused_by_us", "reminder")
            boot, uptime = store.facts.boot_id, store.facts.uptime_ms  # type: ignore[union-attr]
            request = {"reason": "test", "skipDeferral": True}
            await asyncio.to_thread(beating.operator.call, "gateway.restart.request", request)
            await soon(lambda: not store.link_up, "notice of the lost link")
            await soon(lambda: store.link_up and "rows" in store.listed, "link", 60)
            assert (store.facts.boot_id == boot) is not beating.later  # type: ignore[union-attr]
            assert store.facts.uptime_ms > uptime  # type: ignore[union-attr,operator]
            assert store.switch.state == "paused_by_us"
            assert beating.gateway.pid == process

    asyncio.run(story())
    with beating.gateway.operator() as operator:
        again = Scene(beating.gateway, beating.provider, operator)
        assert status(own_shell)["state"] == "paused_by_us"
        stays_off(again, before if last(again) else {}, "still nobody reads this")
    beating.gateway.restart()
    found = status(own_shell)
    assert (found["state"], found["paused_at_ms"]) == ("unknown", None)
    assert "that pause is over" in found["why"]
    assert own_shell.run("check").code == 0
    with beating.gateway.operator() as operator:
        again = Scene(beating.gateway, beating.provider, operator)
        wake(again, "read it")
        eventually(lambda: last(again), "heartbeat of the new process", 60)


def test_a_heartbeat_proves_that_somebody_else_resumed_them(
    beating: Scene, own_shell: Shell
) -> None:
    own_shell.document("heartbeats", "pause", "--confirm-gateway", name_of(own_shell))
    before = last(beating)
    beating.operator.call("set-heartbeats", {"enabled": True})
    found = status(own_shell)
    assert found["state"] == "paused_by_us", "nothing tells of it yet"
    # one that began within the same second would prove nothing
    eventually(lambda: time.time() * 1000 > found["paused_at_ms"] + 2_000, "later second")
    wake(beating, "somebody is back")
    eventually(lambda: told(beating, before), "heartbeat", 60)
    found = status(own_shell)
    assert (found["state"], found["paused_at_ms"]) == ("unknown", None)
    assert "somebody resumed them" in found["why"]


def test_an_hour_of_it_is_critical(beating: Scene, own_shell: Shell) -> None:
    own_shell.document("heartbeats", "pause", "--confirm-gateway", name_of(own_shell))
    assert own_shell.run("check").code == 0
    (kept,) = (own_shell.home / "state" / "clawtop" / "heartbeats").glob("*.json")
    memory = json.loads(kept.read_text())
    memory["pause"]["paused_at_ms"] -= 3_600_000
    kept.write_text(json.dumps(memory))
    ran = own_shell.run("check")
    assert ran.code == 2
    assert ran.out.startswith("CLAWTOP CRITICAL - heartbeats paused by clawtop 1h00m")
