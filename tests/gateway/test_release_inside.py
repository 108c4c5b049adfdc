"""The whole ladder on the embedded gateway with its companion: what each step is seen to do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from clawtop.demo import ScriptedGateway
from clawtop.gateway.act import Release
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.look import until
from clawtop.gateway.watch import Watcher
from clawtop.remedies.outcome import Action
from clawtop.remedies.plan import ReleasePlan, plan_release
from tests.gateway.test_act import MAIN, aborts, play

BOTH = ("april", "september")


async def seen(watcher: Watcher, key: str = MAIN) -> None:
    """Wait until the companion has named its lock."""
    watcher.named = frozenset({key})
    held = watcher.store.held

    def named() -> bool:
        lock, facts = held.locks.get(key), held.sessions.get(key)
        return lock is not None and lock.token is not None and bool(facts and facts.session_id)

    assert await until(watcher, named, 10)


def plan(watcher: Watcher, step: str | None, **how: Any) -> ReleasePlan:
    found = plan_release(watcher.store, MAIN, step, **how)
    assert found is not None
    return found


async def act(watcher: Watcher, planned: ReleasePlan, folder: Path, wait_s: float = 6) -> Action:
    log = ActionLog(folder / "actions.jsonl", {})
    return await Release(watcher, planned, operator="tester@desk", log=log, wait_s=wait_s).run()


def sent(gateway: ScriptedGateway, method: str) -> int:
    return sum(one.method == method for one in gateway.requests)


# -- the companion's release


def test_april_an_orphan_is_released_and_what_waited_is_answered(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        gateway.world.waits(MAIN, "hello?", "channel")
        await seen(watcher)
        action = await act(watcher, plan(watcher, None), tmp_path)
        assert (action.step, action.outcome) == ("companion-release", "done")
        assert (action.accepted, action.released, action.queue_moving) == (True, True, True)
        assert "1 waiting message was answered" in action.reason
        (message,) = action.waiting or []
        assert (message["predicted"], message["became"]) == ("answered", "answered")
        assert sent(gateway, "clawtop.release") == 1

    play(scene, "april", companion=True)


def test_april_a_stuck_owner_s_lane_is_renewed_and_said_so(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.stick_in_hook(MAIN)
        gateway.world.waits(MAIN, "hello?", "channel")
        await seen(watcher)
        action = await act(watcher, plan(watcher, "companion-release"), tmp_path)
        assert (action.outcome, action.queue_moving) == ("done", True)
        assert "lane was renewed" in action.reason

    play(scene, "april", companion=True)


def test_april_the_channel_s_stop_of_a_stuck_owner_would_only_look_released(
    tmp_path: Path,
) -> None:
    """It is not offered; this is what a release that is none looks like to the judge."""

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        gateway.world.waits(MAIN, "[[hang]]", "channel")
        await seen(watcher)
        action = await act(watcher, plan(watcher, "companion-release"), tmp_path, wait_s=3)
        assert (action.outcome, action.released, action.queue_moving) == (
            "not_released",
            True,
            False,
        )
        assert action.layer == "lane"
        assert "the next one is stuck behind the same thing" in action.reason

    play(scene, "april", companion=True)


@pytest.mark.parametrize("generation", BOTH)
def test_another_session_id_is_released_by_the_companion(generation: str, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN, same_session_id=False)
        await seen(watcher)
        action = await act(watcher, plan(watcher, None), tmp_path)
        assert (action.step, action.outcome) == ("companion-release", "done")
        assert "registry lists no lock of it any more" in action.reason

    play(scene, generation, companion=True)


def test_september_a_parked_message_is_said_to_stay_and_stays(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN, same_session_id=False)
        gateway.world.waits(MAIN, "later", "rpc")
        await seen(watcher)
        store = watcher.store
        assert await until(watcher, lambda: bool(store.held.locks[MAIN].waiting), 10)
        action = await act(watcher, plan(watcher, None), tmp_path, wait_s=15)
        assert (action.outcome, action.queue_moving) == ("done", None)
        (message,) = action.waiting or []
        assert (message["predicted"], message["became"]) == ("parked", "parked")
        assert "it moves with the next one" in action.reason

    play(scene, "september", companion=True)


# -- refusals


def test_a_lock_that_changed_between_plan_and_act_is_refused_and_nothing_sent(
    tmp_path: Path,
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        planned = plan(watcher, "companion-release")
        gateway.world.release(MAIN)
        gateway.world.leak(MAIN)
        action = await act(watcher, planned, tmp_path)
        assert (action.outcome, action.requested) == ("refused", False)
        assert "another operation holds it now" in action.reason
        assert sent(gateway, "clawtop.release") == 0

    play(scene, "april", companion=True)


def test_a_lock_that_changes_after_the_last_look_is_refused_by_the_companion(
    tmp_path: Path,
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        planned = plan(watcher, "companion-release")
        runner = Release(watcher, planned, operator="t", log=ActionLog(tmp_path / "log", {}))

        def change(action: Action) -> None:
            if action.requested and action.accepted is None:
                gateway.world.release(MAIN)
                gateway.world.leak(MAIN)

        runner._on_progress = change
        action = await runner.run()
        assert (action.outcome, action.accepted) == ("refused", False)
        assert "another operator may have been first" in action.reason
        assert gateway.world.sessions[MAIN].lock is not None, "the new one stays"

    play(scene, "april", companion=True)


def test_two_operators_at_once_one_does_and_one_is_told(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        planned = plan(watcher, "companion-release")
        both = [act(watcher, planned, tmp_path / name) for name in ("one", "two")]
        actions = await asyncio.gather(*both)
        words = sorted(action.outcome for action in actions)
        assert words in (["done", "refused"], ["done", "nothing_to_do"])
        (told,) = [one for one in actions if one.outcome != "done"]
        assert "may have been first" in told.reason or "not held any more" in told.reason

    play(scene, "april", companion=True)


def test_a_switch_that_was_turned_off_meanwhile_is_told_with_how_to_turn_it_on(
    tmp_path: Path,
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        planned = plan(watcher, "companion-release")
        gateway.world.allow_release = False
        action = await act(watcher, planned, tmp_path)
        assert (action.outcome, action.released) == ("refused", None)
        assert "clawtop companion install --allow-release" in action.reason

    play(scene, "april", companion=True)


def test_an_owner_in_its_lane_is_refused_and_the_abort_named(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN, same_session_id=False)
        await seen(watcher)
        planned = plan(watcher, "companion-release")
        runner = Release(watcher, planned, operator="t", log=ActionLog(tmp_path / "log", {}))

        def work(action: Action) -> None:
            if action.requested and action.accepted is None:
                gateway.world.sessions[MAIN].lane_taken = True

        runner._on_progress = work
        action = await runner.run()
        assert (action.outcome, action.next) == ("refused", "abort-session")

    play(scene, "september", companion=True)


def test_no_answer_of_the_companion_and_no_release_is_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        gateway.faults.close_before_effect = {"clawtop.release"}
        action = await act(watcher, plan(watcher, "companion-release"), tmp_path, wait_s=3)
        assert (action.outcome, action.accepted, action.released) == ("unknown", None, None)
        assert sent(gateway, "clawtop.release") == 1

    play(scene, "april", companion=True)


def test_no_answer_and_the_lock_gone_is_done(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        gateway.faults.close_after_request = {"clawtop.release": 1006}
        action = await act(watcher, plan(watcher, "companion-release"), tmp_path)
        assert (action.outcome, action.accepted, action.released) == ("done", None, True)

    play(scene, "april", companion=True)


# -- reset


def test_september_an_orphan_is_reset_with_its_own_id_pinned(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        with gateway.world.past(120_000):
            gateway.world.leak(MAIN)
        await seen(watcher)
        assert await until(watcher, lambda: watcher.store.held.verdicts["leaked"] == 1, 10)
        session_id = gateway.world.sessions[MAIN].session_id
        action = await act(watcher, plan(watcher, "reset"), tmp_path)
        assert (action.outcome, action.released) == ("done", True)
        (asked,) = [one for one in gateway.requests if one.method == "sessions.reset"]
        assert asked.params == {"key": MAIN, "expectedSessionId": session_id}
        assert aborts(gateway) == 0

    play(scene, "september", companion=True)


# -- a probe, only when asked for


@pytest.mark.parametrize("generation", BOTH)
def test_a_probe_message_proves_that_it_answers(generation: str, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN, same_session_id=False)
        await seen(watcher)
        planned = plan(watcher, "companion-release", probe=True)
        assert any("transcript keeps" in loss for loss in planned.loses)
        assert planned.calls_text[-1].startswith("then chat.send")
        action = await act(watcher, planned, tmp_path)
        assert (action.outcome, action.queue_moving) == ("done", True)
        assert sent(gateway, "chat.send") == 1

    play(scene, generation, companion=True)


def test_without_being_asked_no_message_is_sent(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        action = await act(watcher, plan(watcher, "companion-release"), tmp_path)
        assert (action.outcome, action.queue_moving) == ("done", None)
        assert sent(gateway, "chat.send") == 0

    play(scene, "april", companion=True)
