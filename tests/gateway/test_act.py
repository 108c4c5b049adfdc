"""Acting under faults: the outcome is always the true one, and nothing is ever sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clawtop.demo import ScriptedGateway, SystemClock, World
from clawtop.gateway.act import Release
from clawtop.gateway.actionlog import ActionLog, read_log
from clawtop.gateway.client import Client
from clawtop.gateway.deny import Denial
from clawtop.gateway.find import Target
from clawtop.gateway.look import settle, until, watching
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.remedies.outcome import Action
from clawtop.remedies.plan import plan_deny_duplicates, plan_release

MAIN = "agent:main:main"
Scene = Callable[[ScriptedGateway, Watcher], Awaitable[None]]


def watcher_of(gateway: ScriptedGateway) -> Watcher:
    target = Target(gateway.url, "edge-1", Secret("token", gateway.token), "a test", "a test")
    client = Client("0.0", "linux", "clawtop (tester@desk)", "test")
    return Watcher(target, client, Store(), Manner(timeout_s=2))


def play(scene: Scene, generation: str = "september", **how: Any) -> None:
    async def run() -> None:
        world = World(generation, **how)
        async with (
            asyncio.timeout(60),
            ScriptedGateway(world=world) as gateway,
            watching(watcher_of(gateway)) as watcher,
        ):
            await settle(watcher)
            await scene(gateway, watcher)

    asyncio.run(run())


async def held(watcher: Watcher, key: str = MAIN) -> None:
    """Wait until the session is seen held and its run, if any, is named."""
    watcher.named = frozenset({key})
    found = watcher.store.held
    assert await until(watcher, lambda: key in found.locks and _probed(watcher, key), 10)


def _probed(watcher: Watcher, key: str) -> bool:
    facts = watcher.store.held.sessions.get(key)
    return facts is not None and facts.probed_ms is not None


async def release(
    watcher: Watcher, folder: Path, *, step: str | None = None, wait_s: float = 4
) -> Action:
    plan = plan_release(watcher.store, MAIN, step)
    assert plan is not None
    log = ActionLog(folder / "actions.jsonl", {})
    runner = Release(watcher, plan, operator="tester@desk", log=log, wait_s=wait_s)
    action = await runner.run()
    (logged,) = read_log(log.path)
    assert logged["outcome"] == action.outcome
    return action


def aborts(gateway: ScriptedGateway) -> int:
    return sum(seen.method == "sessions.abort" for seen in gateway.requests)


@pytest.mark.parametrize("generation", ["april", "september"])
def test_a_run_that_ends_is_done(generation: str, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.start_run(MAIN, "rpc", run_id="run-1")
        await held(watcher)
        action = await release(watcher, tmp_path)
        assert (action.outcome, action.accepted, action.released) == ("done", True, True)
        assert aborts(gateway) == 1

    play(scene, generation)


def test_an_accepted_abort_that_frees_nothing_is_not_released(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await held(watcher)
        action = await release(watcher, tmp_path, wait_s=2)
        assert (action.outcome, action.accepted) == ("not_released", True)
        assert action.released is False
        assert action.layer == "lock"

    play(scene)


def test_patience_is_rewarded_by_the_gateways_own_release(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        gateway.world.waits(MAIN, "hello?", "channel")
        await held(watcher)
        action = await release(watcher, tmp_path, wait_s=20)
        assert (action.outcome, action.released) == ("done", True)
        assert action.queue_moving is True
        assert aborts(gateway) == 1

    play(scene, settle_ms=3_000)


def test_cut_after_the_request_and_no_release_is_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await held(watcher)
        gateway.faults.close_after_request = {"sessions.abort": 1006}
        action = await release(watcher, tmp_path, wait_s=2)
        assert (action.outcome, action.accepted, action.released) == ("unknown", None, None)
        assert "look before" in action.reason
        assert aborts(gateway) == 1

    play(scene)


def test_cut_after_the_request_but_the_release_is_seen(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.start_run(MAIN, "rpc", run_id="run-1")
        await held(watcher)
        gateway.faults.close_after_request = {"sessions.abort": 1006}
        action = await release(watcher, tmp_path, wait_s=8)
        assert (action.outcome, action.accepted, action.released) == ("done", None, True)
        assert aborts(gateway) == 1

    play(scene)


def test_silence_after_the_request_is_not_repeated(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await held(watcher)
        gateway.faults.silent_methods = {"sessions.abort"}
        gateway.faults.close_before_effect = {}
        action = await release(watcher, tmp_path, wait_s=2)
        assert action.outcome in ("unknown", "done")
        assert action.accepted is None
        assert aborts(gateway) == 1

    play(scene)


def test_a_refusal_is_said_in_the_gateways_words(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.start_run(MAIN, "rpc", run_id="run-1")
        await held(watcher)
        error = {"code": "INVALID_REQUEST", "message": "unauthorized\x1b[2J"}
        gateway.faults.error_methods = {"sessions.abort": error}
        action = await release(watcher, tmp_path)
        assert (action.outcome, action.accepted) == ("not_released", False)
        assert "unauthorized\\x1b[2J" in action.reason

    play(scene)


def test_a_lock_that_went_by_itself_is_nothing_to_do(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.start_run(MAIN, "rpc", run_id="run-1")
        await held(watcher)
        plan = plan_release(watcher.store, MAIN)
        assert plan is not None
        gateway.world.end_run(MAIN)
        log = ActionLog(tmp_path / "log", {})
        action = await Release(watcher, plan, operator="t", log=log).run()
        assert action.outcome == "nothing_to_do"
        assert aborts(gateway) == 0

    play(scene)


def test_a_gateway_that_dies_while_we_act_is_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await held(watcher)
        gateway.faults.late_methods = {"sessions.abort": 30}
        acting = asyncio.create_task(release(watcher, tmp_path, wait_s=2))
        assert await until(watcher, lambda: aborts(gateway) == 1, 10)
        await gateway.stop_listening(code=1006, reason="")
        action = await acting
        assert (action.outcome, action.accepted) == ("unknown", None)
        await gateway.start_listening()

    play(scene)


def test_interrupted_while_watching_is_recorded_as_unknown(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await held(watcher)
        acting = asyncio.create_task(release(watcher, tmp_path, wait_s=60))
        assert await until(watcher, lambda: aborts(gateway) == 1, 10)
        acting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await acting
        (logged,) = read_log(tmp_path / "actions.jsonl")
        assert logged["outcome"] == "unknown"

    play(scene)


def test_a_begin_without_an_end_reads_as_unknown(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    log = ActionLog(path, {"SSH_CONNECTION": "192.0.2.7 5 192.0.2.1 22"})
    action = Action("release", "edge-1", {"session_key": MAIN}, "abort-run", [], [], 1, "me")
    log.begin(action, 2)
    with path.open("a") as file:
        file.write('{"id": "half')
    (logged,) = read_log(path)
    assert logged["outcome"] == "unknown"
    assert logged["ssh_from"] == "192.0.2.7"
    assert path.stat().st_mode & 0o777 == 0o600


async def denial(watcher: Watcher, folder: Path) -> Action:
    plan = plan_deny_duplicates(watcher.store, "oldest")
    log = ActionLog(folder / "actions.jsonl", {})
    return await Denial(watcher, plan, operator="tester@desk", log=log).run()


async def pending(watcher: Watcher, number: int) -> None:
    watcher.ask_all_now()
    assert await until(watcher, lambda: len(watcher.store.backlog) == number, 10)


@pytest.mark.parametrize("generation", ["april", "september"])
def test_a_batch_stops_when_the_group_does_not_shrink(generation: str, tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        world = gateway.world
        for _ in range(4):
            world.request_approval("ps", MAIN)
        await pending(watcher, 4)
        stop = asyncio.Event()

        async def ask_again() -> None:
            while not stop.is_set():
                if len(world.approvals) < 4:
                    world.request_approval("ps", MAIN)
                await asyncio.sleep(0)

        again = asyncio.create_task(ask_again())
        action = await denial(watcher, tmp_path)
        stop.set()
        await again
        assert [item.outcome for item in action.items or []] == ["done", "refused", "refused"]
        assert "does not shrink" in action.reason

    play(scene, generation)


def test_a_cut_in_the_middle_of_a_batch_is_unknown_for_that_one(tmp_path: Path) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        for _ in range(3):
            gateway.world.request_approval("ps", MAIN)
        await pending(watcher, 3)
        cut = {"approval.resolve": 1006, "exec.approval.resolve": 1006}
        gateway.faults.close_after_request = cut
        action = await denial(watcher, tmp_path)
        words = [item.outcome for item in action.items or []]
        assert words == ["unknown", "refused"]
        assert action.outcome == "unknown"
        resolves = [s for s in gateway.requests if s.method.endswith("approval.resolve")]
        assert len(resolves) == 1

    play(scene)


def test_time_passes_faster_in_a_world_with_speed(tmp_path: Path) -> None:
    """The patience of a minute, watched in seconds: the shape of a September release."""

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await held(watcher)
        action = await release(watcher, tmp_path, wait_s=20)
        assert action.outcome == "done"
        shown = ("no lock that could be this one", "logged the forced release")
        assert any(words in action.reason for words in shown)

    play(scene, now=SystemClock(speed=20))


def test_a_log_that_cannot_be_written_is_said_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.start_run(MAIN, "rpc", run_id="run-1")
        await held(watcher)
        plan = plan_release(watcher.store, MAIN)
        assert plan is not None
        log = ActionLog(tmp_path / "file" / "actions.jsonl", {})
        action = await Release(watcher, plan, operator="t", log=log, wait_s=4).run()
        assert action.outcome == "done"
        assert log.problem is not None
        assert "cannot be written" in log.problem

    play(scene)
