"""What goes wrong on real gateways is named right, and what only looks like it is not named."""

from __future__ import annotations

import asyncio
import time
import uuid
from asyncio import to_thread
from pathlib import Path

import pytest

from clawtop.incidents.incident import Incident

from .conftest import APRIL, SEPTEMBER, LoneScene
from .lab.trouble import send
from .scene import Scene
from .shell import Shell
from .watched import Watched, watched

pytestmark = pytest.mark.real

STALE_S = 20
POLL_S = 12  # rows and counts are asked every 5 s, a probe answers within two
COMMAND = "touch lab-cascade.txt"


def healthy(scene: Scene, seconds: int) -> str:
    """A run that works for so long."""
    key = scene.key("healthy")
    scene.chat(key, f"[[drip:{seconds}]]")
    return key


def sure(one: Incident) -> bool:
    """Named as surely, and taken as seriously, as it can be from outside."""
    return (one.severity, one.certainty) == ("critical", "likely")


# -- leaked locks, beside a long healthy run


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_locks_that_nobody_gives_back_are_named_and_healthy_runs_are_not(
    scene: Scene, shell: Shell
) -> None:
    orphan = scene.key("orphan")
    scene.leak(orphan)
    stuck = scene.key("hook")
    scene.settled(stuck)
    scene.operator.call("lab.channelMessage", {"key": stuck, "text": "[[stuck]]", "from": "ada"})
    good, channel = healthy(scene, 110), scene.key("channel")
    scene.channel(channel, "[[drip:110]]", "bob")

    async def story() -> None:
        async with watched(shell, "--stale-after", f"{STALE_S}s") as on:
            for key in (orphan, stuck):
                found = await on.named("I-05", key, 60 + STALE_S + POLL_S)
                assert {"#90535", "#84710"} <= set(found.references)
            mine = (orphan, stuck)
            await on.until(
                lambda found: all(sure(one) for one in found if one.session_key in mine),
                60 + POLL_S,
            )
            assert {one.session_key for one in on.look() if one.id == "I-05"} == set(mine)
            assert on.about(good) == []
            assert on.about(channel) == []

    asyncio.run(story())


@pytest.mark.parametrize("version", [SEPTEMBER])
def test_a_reply_that_is_never_delivered_is_named_while_it_holds_its_session(
    scene: Scene, shell: Shell
) -> None:
    """It lets go by itself after half a minute, and the reply never comes."""
    key, good = scene.key("mute"), scene.key("answered")
    for one in (key, good):
        scene.settled(one)

    async def story() -> None:
        async with watched(shell, "--stale-after", f"{STALE_S}s") as on:
            for one, text in ((key, "[[never-deliver]]"), (good, "hello")):
                message = {"key": one, "text": text, "from": "ada"}
                scene.operator.call("lab.channelMessage", message)
            found = await on.named("I-05", key, 40)
            assert found.certainty == "possible"
            assert on.watcher.store.held.locks[key].layer == "delivery"
            assert on.about(good) == []

    try:
        asyncio.run(story())
    finally:
        scene.operator.call("lab.unstick", {"deliveries": True})


@pytest.mark.parametrize("version", [APRIL])
def test_a_lock_that_rows_hide_is_named_one_poll_after_the_threshold(
    scene: Scene, shell: Shell
) -> None:
    good = healthy(scene, 60)
    scene.leak(scene.key("orphan"))

    async def story() -> None:
        async with watched(shell, "--stale-after", f"{STALE_S}s") as on:
            found = await on.named("I-05", None, STALE_S + 3 * POLL_S)
            assert (found.severity, found.certainty) == ("critical", "possible")
            assert on.about(good) == []
            assert {one.id for one in on.history.values()} == {"I-05"}

    asyncio.run(story())


# -- heartbeats


def test_heartbeat_runs_raise_nothing(scene: Scene, shell: Shell) -> None:
    """They run without anybody asking, and nobody can name who holds the session meanwhile."""
    main = "agent:main:main"
    scene.settled(main)

    async def story() -> None:
        async with watched(shell, "--stale-after", f"{STALE_S}s") as on:
            for number in range(4):
                wake = {"mode": "now", "text": f"look at the mail {number}"}
                await to_thread(scene.operator.call, "wake", wake)
                await asyncio.sleep(4)
            if scene.later:  # the earlier one says nothing of a wake while heartbeats are off
                await on.until(lambda _: on.watcher.store.heartbeats.last, POLL_S)
            told = {one.id for one in on.history.values() if one.session_key in (main, None)}
            assert told <= {"I-02", "I-27"}, "lines that other tests left in its queue"

    asyncio.run(story())


# -- approvals


def deny_each(scene: Scene, key: str, times: int) -> None:
    """Say no to every request of that session, as often as it asks."""
    denied: set[str] = set()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for one in scene.pending().values():
            mine = one["request"].get("sessionKey") == key and one["id"] not in denied
            if mine:
                denied.add(one["id"])
                decision = {"id": one["id"], "decision": "deny"}
                scene.operator.call("exec.approval.resolve", decision)
        if len(denied) >= times:
            return
    raise AssertionError(f"asked {len(denied)} of {times} times")


def test_a_run_that_asks_again_after_each_denial_is_a_cascade(scene: Scene, shell: Shell) -> None:
    scene.decider()
    key, lawful = scene.key("cascade"), scene.key("lawful")
    good = healthy(scene, 40)
    scene.ask(lawful, [f"make deploy STEP={step}" for step in range(5)])

    async def story() -> None:
        async with watched(shell, "--approvals", "on") as on:
            send(scene.operator, key, f"[[exec-again:6:{COMMAND}]]")
            await to_thread(deny_each, scene, key, 6)
            # what is decided is asked for the less often the slower a young gateway answers
            found = await on.named("I-01", key, 90)
            assert found.severity == "critical"
            assert "#69478" in found.references
            assert COMMAND in found.summary
            assert on.about(lawful) == [] == on.about(good)

    asyncio.run(story())


def test_the_third_equal_request_has_a_name_within_five_seconds(scene: Scene, shell: Shell) -> None:
    scene.decider()
    key = scene.key("asks")

    async def story() -> None:
        async with watched(shell, "--approvals", "on") as on:
            await to_thread(scene.ask, key, ["git push", "git push --force", "git push"])
            await to_thread(scene.ask, key, ["git push"])
            found = await on.named("I-01", key, 5)
            assert found.severity == "warning"
            offered = on.engine.open[found.key].ways[0]
            assert offered.act == "deny-copies"

    asyncio.run(story())


def test_a_session_that_waits_for_an_answer_is_not_called_stuck(scene: Scene, shell: Shell) -> None:
    scene.decider()
    key = scene.key("waits")
    send(scene.operator, key, "[[exec:rm -rf build]]")

    async def story() -> None:
        async with watched(shell, "--approvals", "on", "--stale-after", "8s") as on:
            found = await on.named("I-09", key, 40)
            assert found.severity == "warning"
            assert set(on.about(key)) == {"I-09"}

    asyncio.run(story())


# -- system events


def test_a_queue_at_its_cap_and_an_end_told_twice(scene: Scene, shell: Shell) -> None:
    main = "agent:main:main"
    scene.settled(main)
    done = f"Exec finished (node=lab, id={uuid.uuid4().hex[:8]}, code 0)"

    async def story() -> None:
        async with watched(shell) as on:
            for text in (done, "something else happened", done):
                scene.operator.call("lab.enqueue", {"key": main, "text": text})
            found = await on.named("I-02", main, 15)
            assert (found.severity, found.certainty) == ("warning", "proved")
            assert on.watcher.store.queue.events
            for number in range(24):
                text = f"lab line {number} {uuid.uuid4().hex[:6]}"
                scene.operator.call("lab.enqueue", {"key": main, "text": text})
            assert (await on.named("I-27", main, 15)).severity == "warning"

    try:
        asyncio.run(story())
    finally:
        scene.settled(main)  # its turn reads them


# -- lanes


def test_a_full_lane_whose_queue_grows_is_named_and_one_that_drains_is_not(
    scene: Scene, shell: Shell
) -> None:
    slots = 8 if scene.later else 4
    scene.all_quiet()

    async def drains(on: Watched) -> None:
        """More short runs than slots, one after the other: busy, and over in a moment."""
        for _ in range(slots + 4):
            send(scene.operator, scene.key("short"), "[[drip:4]]")
        await on.until(lambda _: not on.watcher.store.held.held_count, 90)
        assert "I-03" not in {one.id for one in on.history.values()}

    async def story() -> None:
        async with watched(shell) as on:
            await drains(on)
            mine = [scene.key("hung") for _ in range(slots)]
            for key in mine:
                await to_thread(scene.chat, key, "[[hang]]")
            for _ in range(12):
                mine.append(scene.key("behind"))
                send(scene.operator, mine[-1], "hello")
                await asyncio.sleep(2.5)
                if any(one.id == "I-03" for one in on.look()):
                    break
            found = await on.named("I-03", None, 20)
            assert found.severity == "critical"
            assert "#18760" in found.references
            assert "main" in found.summary
            assert all(on.about(key) == [] for key in mine)

    asyncio.run(story())


# -- phantom recoveries


QUICK = {"diagnostics": {"stuckSessionWarnMs": 1_000, "stuckSessionAbortMs": 2_000}}
QUICK_TICKS = Path(__file__).parent / "lab" / "quick_ticks.cjs"


@pytest.mark.parametrize("version", [APRIL])
def test_a_recovery_requested_twice_is_a_phantom(
    lone_scene: LoneScene, version: str, tmp_path: Path
) -> None:
    """Messages that come while an orphan settles make the next tick request again."""
    ticks = {"NODE_OPTIONS": f"--require {QUICK_TICKS}"}
    scene = lone_scene(version, config_extra=QUICK, env_extra=ticks)
    shell = Shell(tmp_path, scene.gateway.url, scene.gateway.token)
    key = scene.key("orphan")
    scene.leak(key)

    async def story() -> None:
        async with watched(shell) as on:
            for number in range(30):
                text = {"key": key, "text": f"are you there? {number}", "from": "bob"}
                scene.operator.call("lab.channelMessage", text)
                await asyncio.sleep(3.4)
                if any(one.id == "I-04" for one in on.look()):
                    break
            found = await on.named("I-04", key, 30)
            assert (found.severity, found.certainty) == ("info", "proved")
            assert "#88010" in found.references

    asyncio.run(story())
