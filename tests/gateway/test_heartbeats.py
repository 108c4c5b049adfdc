"""Pausing and resuming under faults: remembered before it is sent, sent once, no more claimed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import Raw

from clawtop.demo import ScriptedGateway, World
from clawtop.demo.model import Generation
from clawtop.gateway.actionlog import ActionLog, read_log
from clawtop.gateway.client import Client
from clawtop.gateway.find import Target
from clawtop.gateway.heartbeats import SwitchHeartbeats
from clawtop.gateway.link import Link
from clawtop.gateway.look import settle, until, watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.pause import Act
from clawtop.picture.store import Store
from clawtop.remedies.outcome import Action
from clawtop.remedies.pausing import METHOD, plan_switch

Scene = Callable[[ScriptedGateway, Watcher], Awaitable[None]]
HOUR = 3_600_000
BOTH = pytest.mark.parametrize("generation", ["april", "september"])


def watcher_of(gateway: ScriptedGateway, manner: Manner | None = None) -> Watcher:
    target = Target(gateway.url, "edge-1", Secret("token", gateway.token), "t", "t")
    client = Client("0.0", "linux", "clawtop (tester@desk)", "test")
    return Watcher(target, client, Store(), manner or Manner(timeout_s=1))


def play(
    scene: Scene, generation: str = "september", manner: Manner | None = None, **how: Any
) -> None:
    async def run() -> None:
        world = World(cast(Generation, generation))
        world.started_at -= HOUR  # so that a new process can be told from the old one
        async with asyncio.timeout(60), ScriptedGateway(world=world, **how) as gateway:
            watcher = watcher_of(gateway, manner)
            async with watching(watcher):
                await settle(watcher)
                await scene(gateway, watcher)

    asyncio.run(run())


def runner_of(watcher: Watcher, act: str, folder: Path) -> SwitchHeartbeats:
    plan = plan_switch(watcher.store, act, watcher.pauses.why_not())
    log = ActionLog(folder / "actions.jsonl", {})
    return SwitchHeartbeats(watcher, plan, operator="tester@desk", log=log)


async def switch(watcher: Watcher, act: str, folder: Path) -> Action:
    runner = runner_of(watcher, act, folder)
    action = await runner.run()
    assert read_log(runner.log.path)[-1]["outcome"] == action.outcome
    return action


def sent(gateway: ScriptedGateway) -> list[bool]:
    return [seen.params["enabled"] for seen in gateway.seen(METHOD)]


async def later_look(gateway: ScriptedGateway) -> Watcher:
    """Another clawtop of this host, started afterwards."""
    watcher = watcher_of(gateway)
    async with watching(watcher):
        await settle(watcher)
    return watcher


@BOTH
def test_a_pause_is_done_by_its_answer_and_says_what_that_is_worth(
    generation: str, tmp_path: Path
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        action = await switch(watcher, "pause", tmp_path)
        assert (action.outcome, action.requested, action.accepted) == ("done", True, True)
        assert (action.released, action.queue_moving, action.exit_code) == (None, None, 0)
        assert "this cannot be checked" in action.reason
        assert action.next == "clawtop heartbeats resume"
        assert gateway.world.heartbeats_enabled is False
        assert watcher.store.switch.state == "paused_by_us"
        again = await later_look(gateway)
        assert again.store.switch.state == "paused_by_us"
        assert again.store.switch.since_ms == watcher.store.switch.since_ms
        done = await switch(watcher, "resume", tmp_path)
        assert (done.outcome, done.accepted) == ("done", True)
        assert gateway.world.heartbeats_enabled is True
        assert sent(gateway) == [False, True]
        assert not watcher.store.switch.reminds
        assert not (await later_look(gateway)).store.switch.reminds

    play(scene, generation)


def test_it_asks_for_reading_and_admin_on_a_link_of_its_own(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        await switch(watcher, "pause", tmp_path)
        asked = [one.params["scopes"] for one in gateway.requests if one.method == "connect"]
        assert asked[-1] == ["operator.admin", "operator.read"]
        (acting,) = gateway.seen(METHOD)
        assert acting.conn not in {one.conn for one in gateway.requests if one.method == "status"}

    play(scene)


async def silent(gateway: ScriptedGateway) -> None:
    gateway.faults.silent_methods.add(METHOD)


async def cut(gateway: ScriptedGateway) -> None:
    gateway.faults.close_after_request[METHOD] = 1006


async def no_effect(gateway: ScriptedGateway) -> None:
    gateway.faults.close_before_effect.add(METHOD)


FAULTS = [silent, cut, no_effect]


@BOTH
@pytest.mark.parametrize("fault", FAULTS)
def test_without_an_answer_it_is_unknown_and_never_sent_again(
    fault: Callable[[ScriptedGateway], Awaitable[None]], generation: str, tmp_path: Path
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        await fault(gateway)
        action = await switch(watcher, "pause", tmp_path)
        assert (action.outcome, action.requested, action.accepted) == ("unknown", True, None)
        assert action.exit_code == 4
        assert sent(gateway) == [False]
        gateway.faults.clear()
        found = (await later_look(gateway)).store.switch
        assert (found.state, found.possible) == ("unknown", True)
        assert "they may be off" in found.why

    play(scene, generation)


def test_a_resume_without_an_answer_goes_on_reminding(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        await switch(watcher, "pause", tmp_path)
        since = watcher.store.switch.since_ms
        gateway.faults.close_before_effect.add(METHOD)
        assert (await switch(watcher, "resume", tmp_path)).outcome == "unknown"
        gateway.faults.clear()
        found = (await later_look(gateway)).store.switch
        assert (found.possible, found.since_ms) == (True, since)
        assert "they may still be off" in found.why

    play(scene)


REFUSAL = {"code": "UNAVAILABLE", "message": "not \x1b[2Jnow"}


def test_a_gateway_that_says_no_leaves_everything_as_it_was(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.error_methods[METHOD] = REFUSAL
        action = await switch(watcher, "pause", tmp_path)
        assert (action.outcome, action.accepted, action.exit_code) == ("not_effective", False, 5)
        assert "\x1b" not in action.reason
        assert not watcher.store.switch.reminds
        gateway.faults.clear()
        await switch(watcher, "pause", tmp_path)
        gateway.faults.error_methods[METHOD] = REFUSAL
        assert (await switch(watcher, "resume", tmp_path)).outcome == "not_effective"
        assert (await later_look(gateway)).store.switch.state == "paused_by_us"

    play(scene)


def test_an_answer_that_does_not_say_so_is_no_proof(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        runner = runner_of(watcher, "pause", tmp_path)

        async def odd(_link: Link) -> Raw:
            return Raw(b'{"ok":true,"enabled":true}')

        runner._send = odd  # type: ignore[assignment,method-assign]
        action = await runner.run()
        assert (action.outcome, action.accepted) == ("unknown", None)
        assert watcher.store.switch.possible

    play(scene)


def test_it_is_remembered_before_it_is_sent(tmp_path: Path) -> None:
    """Whoever kills clawtop while it waits for the answer must not lose the reminder."""

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.late_methods[METHOD] = 30.0
        runner = runner_of(watcher, "pause", tmp_path)
        runner.watcher.manner = Manner(timeout_s=50)
        going = asyncio.create_task(runner.run())
        assert await until(watcher, lambda: bool(sent(gateway)), 10)
        kept = watcher_of(gateway).pauses.load().pause
        assert kept is not None
        assert kept.act is Act.PAUSE_ASKED
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        assert runner.action.outcome == "unknown"
        assert watcher_of(gateway).pauses.load().pause == kept
        assert sent(gateway) == [False]

    play(scene)


def test_a_second_pause_does_not_make_the_first_one_younger(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        await switch(watcher, "pause", tmp_path)
        since = watcher.store.switch.since_ms
        gateway.faults.silent_methods.add(METHOD)
        assert (await switch(watcher, "pause", tmp_path)).outcome == "unknown"
        found = watcher.store.switch
        assert (found.state, found.since_ms) == ("paused_by_us", since), "the first one stands"

    play(scene)


@BOTH
def test_a_new_process_ends_it(generation: str, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        await switch(watcher, "pause", tmp_path)
        await gateway.restart()
        found = (await later_look(gateway)).store.switch
        assert (found.state, found.reminds) == ("unknown", False)
        assert "that pause is over" in found.why
        assert gateway.world.heartbeats_enabled is True

    play(scene, generation)


def test_another_clawtop_of_this_host_hears_of_it(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        other = watcher_of(gateway)
        async with watching(other):
            await settle(other)
            assert not other.store.switch.reminds
            await switch(watcher, "pause", tmp_path)
            assert await until(other, lambda: other.store.switch.state == "paused_by_us", 10)
            await switch(watcher, "resume", tmp_path)
            assert await until(other, lambda: not other.store.switch.reminds, 10)

    play(scene)


def test_while_another_one_is_at_it_nothing_is_sent(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        with watcher_of(gateway).pauses.alone():
            action = await switch(watcher, "pause", tmp_path)
        assert (action.outcome, action.requested) == ("refused", False)
        assert "another clawtop on this host" in action.reason
        assert sent(gateway) == []

    play(scene)


def test_where_nothing_can_be_kept_it_still_pauses_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    monkeypatch.setenv("XDG_STATE_HOME", str(place))

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        runner = runner_of(watcher, "pause", tmp_path)
        assert any("cannot be kept" in one for one in runner.plan.warnings)
        action = await runner.run()
        assert action.outcome == "done"
        assert "the reminder cannot be kept" in action.reason
        assert watcher.store.switch.state == "paused_by_us", "in this picture at least"
        assert not (await later_look(gateway)).store.switch.reminds

    play(scene)


@pytest.mark.parametrize(
    ("manner", "scopes", "why"),
    [
        (Manner(read_only=True, timeout_s=1), None, "read-only"),
        (Manner(timeout_s=1), ("operator.read", "operator.write"), "did not grant operator.admin"),
    ],
    ids=["read-only", "no admin"],
)
def test_without_leave_nothing_is_sent_and_nothing_remembered(
    manner: Manner, scopes: tuple[str, ...] | None, why: str, tmp_path: Path
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        action = await switch(watcher, "pause", tmp_path)
        assert (action.outcome, action.exit_code) == ("refused", 1)
        assert why in action.reason
        assert sent(gateway) == []
        assert watcher.pauses.load().pause is None

    play(scene, "september", manner, scopes_granted=scopes)
