"""Cancelling tasks under faults: what is reported is what the listing shows; nothing goes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clawtop.demo import ScriptedGateway, World
from clawtop.gateway.actionlog import ActionLog, read_log
from clawtop.gateway.cancel import Cancel
from clawtop.gateway.client import Client
from clawtop.gateway.find import Target
from clawtop.gateway.look import settle, until, watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.remedies.outcome import Action
from clawtop.remedies.plan import plan_cancel, plan_cancel_duplicates

OWNER = "agent:main:main"
Scene = Callable[[ScriptedGateway, Watcher], Awaitable[None]]


def play(scene: Scene, generation: str = "september", *, manner: Manner | None = None) -> None:
    async def run() -> None:
        async with asyncio.timeout(60), ScriptedGateway(world=World(generation)) as gateway:
            for number in range(3):
                task(gateway, f"task-{number}", gateway.world.now() - 60_000 + number)
            target = Target(gateway.url, "edge-1", Secret("token", gateway.token), "t", "t")
            client = Client("0.0", "linux", "clawtop (tester@desk)", "test")
            watcher = Watcher(target, client, Store(), manner or Manner(timeout_s=1))
            async with watching(watcher):
                await settle(watcher)
                await scene(gateway, watcher)

    asyncio.run(run())


def task(gateway: ScriptedGateway, task_id: str, made: int) -> None:
    gateway.world.add_task(
        {
            "id": task_id,
            "taskId": task_id,
            "title": "index the docs",
            "ownerKey": OWNER,
            "sessionKey": OWNER,
            "createdAt": made,
        }
    )


async def cancel(watcher: Watcher, folder: Path, *ids: str, expect_planned: bool = True) -> Action:
    plan, missing = plan_cancel(watcher.store, list(ids))
    assert bool(plan.targets) is expect_planned
    log = ActionLog(folder / "actions.jsonl", {})
    batch = Cancel(watcher, plan, operator="tester@desk", log=log, missing=missing)
    action = await batch.run()
    (logged,) = read_log(log.path)
    assert logged["outcome"] == action.outcome
    return action


def sent(gateway: ScriptedGateway) -> list[Any]:
    return [one.params["taskId"] for one in gateway.requests if one.method == "tasks.cancel"]


def outcomes(action: Action) -> list[tuple[str, str]]:
    return [(item.id, item.outcome) for item in action.items or ()]


@pytest.mark.parametrize("generation", ["april", "september"])
def test_the_younger_copies_end_and_the_oldest_goes_on(generation: str, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        plan = plan_cancel_duplicates(watcher.store, "oldest")
        assert [one.task_id for one in plan.kept] == ["task-0"]
        log = ActionLog(tmp_path / "actions.jsonl", {})
        action = await Cancel(watcher, plan, operator="tester@desk", log=log).run()
        assert action.outcome == "done"
        assert (action.requested, action.accepted, action.exit_code) == (True, True, 0)
        assert outcomes(action) == [("task-1", "done"), ("task-2", "done")]
        assert {item.recorded_status for item in action.items or ()} == {"cancelled"}
        assert sent(gateway) == ["task-1", "task-2"]
        alive = [one["taskId"] for one in gateway.world.tasks if one["status"] == "running"]
        assert alive == ["task-0"]
        assert [one.task_id for one in watcher.store.tasks.all()] == ["task-0"]

    play(scene, generation)


def test_reading_and_writing_is_all_that_is_asked_for(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        await cancel(watcher, tmp_path, "task-1")
        asked = [one.params["scopes"] for one in gateway.requests if one.method == "connect"]
        assert asked[-1] == ["operator.read", "operator.write"]

    play(scene)


def test_a_task_that_is_over_meanwhile_is_not_asked_for(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        plan, _ = plan_cancel(watcher.store, ["task-1"])
        gateway.world.end_task(gateway.world.tasks[1])
        log = ActionLog(tmp_path / "actions.jsonl", {})
        action = await Cancel(watcher, plan, operator="tester@desk", log=log).run()
        (item,) = action.items or ()
        assert (item.outcome, item.recorded_status) == ("refused", "completed")
        assert (action.outcome, action.requested, action.exit_code) == ("refused", False, 1)
        assert sent(gateway) == []

    play(scene)


def test_an_unknown_id_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        action = await cancel(watcher, tmp_path, "nosuch", expect_planned=False)
        assert outcomes(action) == [("nosuch", "refused")]
        assert sent(gateway) == []

    play(scene)


def answering(gateway: ScriptedGateway, answer: dict[str, Any], status: str | None) -> None:
    """The gateway answers this, and the task is in that state afterwards."""

    def answered(task_id: str) -> dict[str, Any]:
        found = next(one for one in gateway.world.tasks if one["taskId"] == task_id)
        if status is None:
            gateway.world.tasks.remove(found)
        else:
            found["status"] = status
        return answer

    gateway.world.cancel_task = answered  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        ({"found": True, "cancelled": True}, "cancelled", "done"),
        ({"found": True, "cancelled": True}, None, "done"),
        ({"found": False, "cancelled": False, "reason": "Task not found."}, "cancelled", "done"),
        ({"found": False, "cancelled": False}, "running", "not_effective"),
        ({"found": False, "cancelled": False}, "completed", "not_effective"),
        ({"found": False, "cancelled": False}, None, "not_effective"),
        ({"found": True, "cancelled": False, "reason": "busy"}, "running", "not_effective"),
        ({"odd": 1}, "cancelled", "done"),
        ({"found": "yes"}, "running", "not_effective"),
    ],
    ids=str,
)
def test_the_listing_decides_and_the_answer_only_explains(
    tmp_path: Path, answer: dict[str, Any], status: str | None, outcome: str
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        answering(gateway, answer, status)
        action = await cancel(watcher, tmp_path, "task-1")
        (item,) = action.items or ()
        assert (item.outcome, action.outcome) == (outcome, outcome)
        assert item.recorded_status == status
        assert item.reason or outcome == "done"
        assert sent(gateway) == ["task-1"]

    play(scene)


def test_accepted_and_still_running_is_not_effective(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clawtop.gateway.cancel.SETTLE_S", 0.5)

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        answering(gateway, {"found": True, "cancelled": True}, "running")
        action = await cancel(watcher, tmp_path, "task-1")
        assert outcomes(action) == [("task-1", "not_effective")]
        assert action.exit_code == 5

    play(scene)


def test_an_error_answer_is_told_and_masked(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        error = {"code": "UNAVAILABLE", "message": "no\x1b[2J token=abcd1234efgh"}
        gateway.faults.error_methods["tasks.cancel"] = error
        action = await cancel(watcher, tmp_path, "task-1")
        (item,) = action.items or ()
        assert item.outcome == "not_effective"
        assert "the gateway said no: no\\x1b[2J token=***" in item.reason

    play(scene)


def test_no_answer_is_unknown_and_the_rest_is_not_sent_again(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.silent_methods.add("tasks.cancel")
        action = await cancel(watcher, tmp_path, "task-1")
        (item,) = action.items or ()
        assert (item.outcome, action.exit_code) == ("unknown", 4)
        assert "look before" in item.reason
        assert sent(gateway) == ["task-1"]

    play(scene)


def test_a_link_that_breaks_leaves_the_sent_one_unknown_and_the_next_unsent(
    tmp_path: Path,
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.close_after_request = {"tasks.cancel": 1006}
        action = await cancel(watcher, tmp_path, "task-1", "task-2")
        assert outcomes(action) == [("task-1", "unknown"), ("task-2", "refused")]
        assert (action.outcome, action.requested) == ("unknown", True)
        assert sent(gateway) == ["task-1"]

    play(scene)


def test_read_only_sends_nothing(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        action = await cancel(watcher, tmp_path, "task-1")
        assert (action.outcome, action.requested) == ("refused", False)
        assert "read-only" in action.reason
        assert sent(gateway) == []

    play(scene, manner=Manner(read_only=True, timeout_s=1))


def test_interrupted_after_sending_is_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.faults.late_methods["tasks.cancel"] = 0.8
        plan, _ = plan_cancel(watcher.store, ["task-1", "task-2"])
        log = ActionLog(tmp_path / "actions.jsonl", {})
        batch = Cancel(watcher, plan, operator="tester@desk", log=log)
        running = asyncio.create_task(batch.run())
        assert await until(watcher, lambda: bool(sent(gateway)), 10)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert outcomes(batch.action) == [("task-1", "unknown"), ("task-2", "refused")]
        assert batch.action.requested
        (logged,) = read_log(log.path)
        assert logged["outcome"] == "unknown"

    play(scene)
