"""A restart of the embedded gateway: asked for once, waited for, and judged by its new boot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clawtop.demo import ScriptedGateway, World
from clawtop.demo.model import Generation
from clawtop.gateway import restart as restarting
from clawtop.gateway.act import Release
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.look import settle, until, watching
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.remedies.outcome import Action
from clawtop.remedies.plan import ReleasePlan, plan_release
from tests.gateway.test_act import MAIN, watcher_of

BOTH = ("april", "september")
Scene = Callable[[ScriptedGateway, Watcher], Awaitable[None]]


def play(scene: Scene, generation: Generation, **how: Any) -> None:
    """Like the other actions, with a link that comes back and a gateway that does restart."""

    async def run() -> None:
        world = World(generation, companion=True, **how)
        world.lively = True
        async with (
            asyncio.timeout(60),
            ScriptedGateway(world=world) as gateway,
            watching(watcher_of(gateway), lasting=True) as watcher,
        ):
            await settle(watcher)
            await scene(gateway, watcher)

    asyncio.run(run())


def leak(world: World, ago_ms: int = 120_000) -> None:
    with world.past(ago_ms):
        world.stick_in_hook(MAIN)


async def planned(watcher: Watcher, **how: Any) -> ReleasePlan:
    watcher.named = frozenset({MAIN})
    store = watcher.store

    def offered() -> bool:
        lock = store.held.locks.get(MAIN)
        if lock is None or lock.token is None or store.preflight is None:
            return False
        facts = store.held.sessions[MAIN]
        return facts.exact is not None and bool(facts.session_id)

    assert await until(watcher, offered, 10)
    facts = store.held.sessions[MAIN]
    assert facts.exact is not None
    facts.exact = _older(facts.exact)  # April keeps no age: we watched it for a while
    store.held.mark(MAIN)
    store.refresh(watcher.clock.now_ms())
    plan = plan_release(store, MAIN, "restart", **how)
    assert plan is not None
    return plan


def _older(sight: Any) -> Any:
    from msgspec import structs

    return structs.replace(sight, first_ms=sight.first_ms - 120_000)


def runner(watcher: Watcher, plan: ReleasePlan, log: ActionLog, wait_s: float = 20) -> Release:
    return Release(watcher, plan, operator="tester@desk", log=log, wait_s=wait_s)


def asked(gateway: ScriptedGateway) -> list[dict[str, Any]]:
    found = [one for one in gateway.requests if one.method == "gateway.restart.request"]
    return [dict(one.params) for one in found]


async def ready(gateway: ScriptedGateway, watcher: Watcher) -> None:
    """The drain of a real gateway takes minutes; this one is told to be done with it."""
    world = gateway.world
    assert await until(watcher, lambda: world.restarting is not None, 20)
    assert world.restarting is not None
    world.restarting.ready = True
    gateway.world.wake_server()


@pytest.mark.parametrize("generation", BOTH)
def test_it_goes_comes_back_and_holds_the_session_no_more(
    generation: Generation, tmp_path: Path
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        leak(gateway.world)
        plan = await planned(watcher, now=True)
        boot = gateway.world.boot_id
        done = asyncio.create_task(ready(gateway, watcher))
        action = await runner(watcher, plan, ActionLog(tmp_path / "log", {})).run()
        await done
        assert (action.outcome, action.accepted, action.released) == ("done", True, True)
        assert "the gateway was restarted" in action.reason
        assert gateway.world.boot_id != boot
        (params,) = asked(gateway)
        assert params["skipDeferral"] is True

    play(scene, generation)


@pytest.mark.parametrize("generation", BOTH)
def test_one_that_is_put_off_names_the_next_word_and_sends_nothing_more(
    generation: Generation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restarting, "DEFERRED_S", 1.0)

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        leak(gateway.world)
        action = await runner(
            watcher, await planned(watcher), ActionLog(tmp_path / "log", {})
        ).run()
        assert (action.outcome, action.accepted, action.released) == ("not_released", True, False)
        assert "put the restart off" in action.reason
        assert action.next == "restart --now"
        assert [set(params) for params in asked(gateway)] == [{"reason"}]

    play(scene, generation)


def test_one_that_does_not_come_back_is_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        leak(gateway.world)
        plan = await planned(watcher, now=True)
        action = await runner(watcher, plan, ActionLog(tmp_path / "log", {}), wait_s=3).run()
        assert (action.outcome, action.released) == ("unknown", None)
        assert "has not come back yet" in action.reason
        assert len(asked(gateway)) == 1

    play(scene, "september")


def test_no_answer_and_a_new_boot_is_done(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        leak(gateway.world)
        plan = await planned(watcher, now=True)
        gateway.faults.close_after_request = {"gateway.restart.request": 1006}
        done = asyncio.create_task(ready(gateway, watcher))
        action = await runner(watcher, plan, ActionLog(tmp_path / "log", {})).run()
        await done
        assert (action.outcome, action.accepted, action.released) == ("done", None, True)
        assert len(asked(gateway)) == 1

    play(scene, "september")


def test_a_plain_no_is_said_and_not_repeated(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        leak(gateway.world)
        plan = await planned(watcher)
        error = {"code": "UNAVAILABLE", "message": "rate limit", "retryAfterMs": 60_000}
        gateway.faults.error_methods = {"gateway.restart.request": error}
        action = await runner(watcher, plan, ActionLog(tmp_path / "log", {})).run()
        assert (action.outcome, action.accepted) == ("not_released", False)
        assert "rate limit" in action.reason
        assert len(asked(gateway)) == 1

    play(scene, "april")


# -- never beside an action whose outcome is not known


def begun(log: ActionLog, gateway: str = "edge-1") -> None:
    action = Action("release", gateway, {"session_key": "agent:main:x"}, "abort", [], [], 1, "me")
    log.begin(action, 2)


def test_it_is_refused_while_another_action_has_no_outcome_yet(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        leak(gateway.world)
        log = ActionLog(tmp_path / "log", {})
        begun(log)
        action = await runner(watcher, await planned(watcher), log).run()
        assert (action.outcome, action.requested) == ("refused", False)
        assert "an action on agent:main:x was begun" in action.reason
        assert asked(gateway) == []

    play(scene, "september")


@pytest.mark.parametrize("how", ["another gateway", "long ago"])
def test_what_cannot_be_meant_does_not_hold_it_back(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ActionLog(tmp_path / "log", {})
    begun(log, "edge-2" if how == "another gateway" else "edge-1")
    own = Action("release", "edge-1", {}, "restart", [], [], 1, "me")
    if how == "long ago":
        now = time.time() + restarting.OPEN_MS / 1000 + 1
        monkeypatch.setattr(time, "time", lambda: now)
    restarting.refuse_while_acting(log, own, "own")


def test_the_store_counts_the_boots_it_saw() -> None:
    assert Store().boots == 0
