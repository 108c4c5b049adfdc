"""Dropping one copy under faults: what is reported is what the queue shows; nothing goes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clawtop.demo import Generation, ScriptedGateway, World
from clawtop.demo.companion import refusal
from clawtop.errors import RefusedError
from clawtop.gateway.actionlog import ActionLog, read_log
from clawtop.gateway.client import Client
from clawtop.gateway.drop import Drop
from clawtop.gateway.find import Target
from clawtop.gateway.look import settle, until, watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.remedies.drop import DropPlan, plan_drop
from clawtop.remedies.outcome import Action, Item

KEY = "agent:main:chat"
METHOD = "clawtop.dropEvent"
Scene = Callable[[ScriptedGateway, Watcher], Awaitable[None]]
both = pytest.mark.parametrize("generation", ["april", "september"])


def play(
    scene: Scene, generation: Generation = "september", *, manner: Manner | None = None
) -> None:
    async def run() -> None:
        world = World(generation, companion=True)
        for text in ("end", "between", "end"):
            world.enqueue_event(KEY, text)
        async with asyncio.timeout(60), ScriptedGateway(world=world) as gateway:
            target = Target(gateway.url, "edge-1", Secret("token", gateway.token), "t", "t")
            client = Client("0.0", "linux", "clawtop (tester@desk)", "test")
            watcher = Watcher(target, client, Store(), manner or Manner(timeout_s=1))
            async with watching(watcher):
                await settle(watcher)
                await scene(gateway, watcher)

    asyncio.run(run())


def texts(gateway: ScriptedGateway) -> list[str]:
    return gateway.world.system_events.get(KEY, [])


def sent(gateway: ScriptedGateway) -> list[Any]:
    return [one.params for one in gateway.requests if one.method == METHOD]


async def drop(watcher: Watcher, plan: DropPlan, folder: Path) -> tuple[Action, Item | None]:
    log = ActionLog(folder / "actions.jsonl", {})
    action = await Drop(watcher, plan, operator="tester@desk", log=log).run()
    (logged,) = read_log(log.path)
    assert logged["outcome"] == action.outcome
    items = action.items or []
    return action, items[0] if items else None


@both
def test_the_named_copy_goes_and_the_other_stays(generation: Generation, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        token = gateway.world.queues[KEY][2].token
        plan = plan_drop(watcher.store, KEY, 2, token)
        action, item = await drop(watcher, plan, tmp_path)
        assert item == Item(token, "done", reason="2 left in that queue")
        assert (action.outcome, action.requested, action.exit_code) == ("done", True, 0)
        assert sent(gateway) == [{"key": KEY, "token": token}]
        assert texts(gateway) == ["end", "between"]
        assert [one.copies for one in watcher.store.queue.of(KEY)] == [1, 1]

    play(scene, generation)


@both
def test_the_line_is_meant_and_not_its_place(generation: Generation, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        plan = plan_drop(watcher.store, KEY, 2)
        gateway.world.queues[KEY].insert(0, gateway.world.queues[KEY].pop(1))
        gateway.world.queues[KEY].insert(2, gateway.world.queues[KEY].pop(0))
        gateway.world.enqueue_event(KEY, "one more")
        action, _ = await drop(watcher, plan, tmp_path)
        assert action.outcome == "done"
        assert sent(gateway) == [{"key": KEY, "token": plan.token}]
        assert sorted(texts(gateway)) == ["between", "end", "one more"]

    play(scene, generation)


def test_only_the_scopes_of_the_plan_are_asked_for(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        await drop(watcher, plan_drop(watcher.store, KEY, 2), tmp_path)
        asked = [one.params["scopes"] for one in gateway.requests if one.method == "connect"]
        assert asked[-1] == ["operator.admin", "operator.read"]

    play(scene)


# what happened between the plan and the sending: what is said of it
MEANWHILE: dict[str, tuple[Callable[[World], object], str]] = {
    "a turn took all": (lambda world: world.take_events(KEY), "not queued any more"),
    "another operator was first": (lambda world: world.queues[KEY].pop(2), "not queued any more"),
    "the other copy went": (lambda world: world.queues[KEY].pop(0), "no copy of another any more"),
    "switched off": (lambda world: setattr(world, "allow_release", False), "allowRelease"),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_changed_before_the_sending_is_seen(what: str, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        plan = plan_drop(watcher.store, KEY, 2)
        change, said = MEANWHILE[what]
        change(gateway.world)
        action, _ = await drop(watcher, plan, tmp_path)
        assert (action.outcome, action.requested, action.exit_code) == ("refused", False, 1)
        assert said in action.reason
        assert sent(gateway) == []

    play(scene)


def answering(monkeypatch: pytest.MonkeyPatch, answer: Any, act: Callable[[World], object]) -> None:
    """The companion answers this, and the queue is in that state afterwards."""

    def answered(call: Any) -> Any:
        act(call.world)
        return answer

    monkeypatch.setitem(_handlers(), METHOD, answered)


def _handlers() -> dict[str, Any]:
    from clawtop.demo.dispatch import HANDLERS

    return HANDLERS


def nothing(world: World) -> None:
    pass


def pop(world: World) -> None:
    world.queues[KEY].pop(2)


def take(world: World) -> None:
    world.take_events(KEY)


@pytest.mark.parametrize(
    ("answer", "act", "outcome", "said"),
    [
        ({"ok": True, "left": 2}, pop, "done", "2 left"),
        ({"ok": True}, take, "done", "a turn has taken the copy meanwhile"),
        ({"ok": True, "left": 2}, nothing, "not_effective", "but it is queued"),
        (refusal("gone", "x"), take, "not_effective", "another operator was first"),
        (refusal("not-a-copy", "x"), nothing, "not_effective", "the last copy"),
        (refusal("switched-off", "x"), nothing, "not_effective", "allowRelease"),
        (refusal("failed", "no\x1b[2J token=abcd1234efgh"), nothing, "not_effective", "token=***"),
        (refusal("unsupported", ""), nothing, "not_effective", "(unsupported)"),
        ({"ok": "yes"}, nothing, "unknown", "not understood: look before"),
        ([], pop, "done", "not understood, but it is gone"),
        ({}, take, "unknown", "not understood"),
    ],
)
def test_the_queue_decides_and_the_answer_explains(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
    act: Callable[[World], object],
    outcome: str,
    said: str,
) -> None:
    answering(monkeypatch, answer, act)

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        action, item = await drop(watcher, plan_drop(watcher.store, KEY, 2), tmp_path)
        assert item is not None
        assert (item.outcome, action.outcome) == (outcome, outcome)
        assert said in item.reason
        assert len(sent(gateway)) == 1

    play(scene)


def test_an_error_answer_is_told_and_masked(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        error = {"code": "UNAVAILABLE", "message": "no\x1b[2J token=abcd1234efgh"}
        gateway.faults.error_methods[METHOD] = error
        action, item = await drop(watcher, plan_drop(watcher.store, KEY, 2), tmp_path)
        assert item is not None
        assert (item.outcome, action.exit_code) == ("not_effective", 5)
        assert "the gateway said no: no\\x1b[2J token=***" in item.reason

    play(scene)


@pytest.mark.parametrize("done", [True, False])
def test_without_an_answer_only_the_queue_can_tell(
    done: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, {"ok": True}, pop if done else nothing)

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.silent_methods.add(METHOD)
        action, item = await drop(watcher, plan_drop(watcher.store, KEY, 2), tmp_path)
        expected = ("done", 0) if done else ("unknown", 4)
        assert (action.outcome, action.exit_code) == expected
        assert item is not None
        assert ("look before" in item.reason) is not done
        assert len(sent(gateway)) == 1

    play(scene)


def test_a_link_that_breaks_after_the_sending_is_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.close_after_request = {METHOD: 1006}
        action, _ = await drop(watcher, plan_drop(watcher.store, KEY, 2), tmp_path)
        assert (action.outcome, action.requested, action.exit_code) == ("unknown", True, 4)
        assert len(sent(gateway)) == 1

    play(scene)


def test_interrupted_after_sending_is_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.late_methods[METHOD] = 0.8
        log = ActionLog(tmp_path / "actions.jsonl", {})
        plan = plan_drop(watcher.store, KEY, 2)
        one = Drop(watcher, plan, operator="tester@desk", log=log)
        running = asyncio.create_task(one.run())
        assert await until(watcher, lambda: bool(sent(gateway)), 10)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (one.action.outcome, one.action.requested) == ("unknown", True)

    play(scene)


def test_read_only_sends_nothing(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        action, _ = await drop(watcher, plan_drop(watcher.store, KEY, 2), tmp_path)
        assert (action.outcome, action.requested) == ("refused", False)
        assert "read-only" in action.reason
        assert sent(gateway) == []

    play(scene, manner=Manner(read_only=True, timeout_s=1))


def test_what_no_plan_is_made_for() -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        store, token = watcher.store, gateway.world.queues[KEY][0].token
        for key, position, pin, said in (
            (KEY, 1, None, "would be lost"),
            (KEY, 3, None, "it holds 3 lines"),
            ("agent:main:nobody", 0, None, "none is queued"),
            (KEY, 2, token, "another line is at position 2"),
        ):
            with pytest.raises(RefusedError, match=said):
                plan_drop(store, key, position, pin)
        gateway.world.allow_release = False
        assert await until(
            watcher, lambda: not (store.companion and store.companion.can_release), 9
        )
        with pytest.raises(RefusedError, match="its switch is off") as refused:
            plan_drop(store, KEY, 2)
        assert "clawtop companion install --allow-release" in refused.value.sentence()

    play(scene)
