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


def held(watcher: Watcher) -> dict[str, str]:
    """Every session the picture takes for held, with its verdict."""
    watcher.store.refresh(watcher.clock.now_ms())
    locks = watcher.store.held.locks.values()
    return {lock.session_key: lock.verdict for lock in locks if lock.verdict != Verdict.GHOST}


async def shows_truth(watcher: Watcher, scene: Scene) -> None:
    """Until the picture and the gateway's memory name the same sessions."""

    def same() -> bool:
        return held(watcher).keys() == scene.locks().keys()

    await soon(same, f"agreement: {held(watcher)} and {scene.locks()}")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_killed_gateway_is_found_again_without_its_old_locks(
    version: str, lone_scene: LoneScene, tmp_path: Path
) -> None:
    scene = lone_scene(version)
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    key = scene.key("killed")
    run_id = scene.chat(key, "[[hang]]")

    async def story() -> None:
        async with living_watcher(shell) as watcher:
            store = watcher.store
            await soon(lambda: key in held(watcher), "lock")
            await asyncio.to_thread(scene.gateway.kill)
            await soon(lambda: not store.link_up, "notice of the lost link")
            assert key in held(watcher)
            scene.provider.release_hangs()
            await asyncio.to_thread(scene.gateway.start)
            await soon(lambda: store.link_up and "preflight" in store.listed, "link", BACK_S)
            assert store.held.locks.get(key) is None or key not in held(watcher)
            with scene.gateway.operator() as operator:
                again = Scene(scene.gateway, scene.provider, operator)
                await asyncio.to_thread(again.settled, again.key("after"))
                await shows_truth(watcher, again)
            lock = store.held.locks.get(key)
            assert lock is None or lock.run_id != run_id

    asyncio.run(story())
