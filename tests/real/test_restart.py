"""A gateway that dies or restarts under a watcher: nothing is lost, doubled or kept too long."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from clawtop.gateway.watch import Watcher
from clawtop.picture.records import Verdict

from .conftest import APRIL, VERSIONS, LoneScene
from .living import living_watcher, soon
from .scene import Scene
from .shell import Shell

pytestmark = pytest.mark.real

BACK_S = 40.0


def held(watcher: Watcher) -> list[str]:
    """Every session that the picture takes for held."""
    watcher.store.refresh(watcher.clock.now_ms())
    locks = watcher.store.held.locks.values()
    return sorted(lock.session_key for lock in locks if lock.verdict != Verdict.GHOST)


async def sees_again(watcher: Watcher, scene: Scene) -> None:
    """Until the picture is back: every part listed anew, and a new run is seen to hold."""
    store = watcher.store
    await soon(lambda: store.link_up and {"rows", "preflight"} <= store.listed, "link", BACK_S)
    fresh = scene.key("after")
    await asyncio.to_thread(scene.chat, fresh, "[[hang]]")
    await soon(lambda: held(watcher) == sorted(scene.locks()) == [fresh], "agreement with memory")
    await asyncio.to_thread(scene.tidy)
    await soon(lambda: held(watcher) == [], "release")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_killed_gateway_is_found_again_without_its_old_locks(
    version: str, lone_scene: LoneScene, tmp_path: Path
) -> None:
    scene = lone_scene(version)
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    key = scene.key("killed")
    run_id = scene.chat(key, "[[drip:300]]")

    async def story() -> None:
        async with living_watcher(shell) as watcher:
            store = watcher.store
            await soon(lambda: held(watcher) == [key], "lock")
            await soon(lambda: store.held.locks[key].run_id == run_id, "run id")
            await asyncio.to_thread(scene.gateway.kill)
            await soon(lambda: not store.link_up, "notice of the lost link")
            assert held(watcher) == [key]
            await asyncio.to_thread(scene.gateway.start)
            with scene.gateway.operator() as operator:
                again = Scene(scene.gateway, scene.provider, operator)
                # 2026.9.6 takes interrupted work up again, without a lock: let it end first.
                await asyncio.to_thread(again.all_quiet)
                await sees_again(watcher, again)
            old = store.held.locks.get(key)
            assert old is None or (old.verdict, old.run_id) == (Verdict.GHOST, None)
            assert run_id not in {lock.run_id for lock in store.held.locks.values()}

    asyncio.run(story())


@pytest.mark.parametrize("version", [APRIL])
def test_a_restart_inside_the_process_begins_a_new_picture(
    version: str, lone_scene: LoneScene, tmp_path: Path
) -> None:
    scene = lone_scene(version)
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    key = scene.key("restarted")
    scene.chat(key, "[[hang]]")
    scene.operator.call("system-event", {"text": "pending before the restart"})

    async def story() -> None:
        async with living_watcher(shell) as watcher:
            store, process = watcher.store, scene.gateway.pid
            await soon(lambda: held(watcher) == [key] and store.queue.events, "lock and event")
            request = {"reason": "test", "skipDeferral": True}
            await asyncio.to_thread(scene.operator.call, "gateway.restart.request", request)
            # It waits for what runs, five minutes long: let that end while it drains.
            scene.provider.release_hangs()
            await soon(lambda: not store.link_up, "notice of the lost link")
            await asyncio.to_thread(scene.gateway.wait_ready)
            assert scene.gateway.pid == process
            with scene.gateway.operator() as operator:
                again = Scene(scene.gateway, scene.provider, operator)
                await sees_again(watcher, again)
                await soon(
                    lambda: (
                        [event.text for event in store.queue.events]
                        == again.event_texts("agent:main:main")
                    ),
                    "agreement about system events",
                )
            assert store.held.locks.keys() == set()

    asyncio.run(story())
