"""Lock, lane and delivery: freeing one does not free the others, per generation and remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clawtop.demo import Generation, ManualClock, World, lanes
from clawtop.demo.aborts import channel_stop, reset
from clawtop.demo.runs import HANG
from clawtop.demo.snapshot import preflight
from tests.demo.stories import GENERATIONS, Played

KEY = "agent:main:k"
both = pytest.mark.parametrize("generation", GENERATIONS)
Remedy = Callable[[World], object]
REMEDIES: dict[str, Remedy] = {
    "nothing": lambda world: None,
    "abort": lambda world: world.abort(KEY),
    "stop": lambda world: channel_stop(world, world.session(KEY), "[x] /stop", "stop-1"),
    "reset": lambda world: reset(world, world.session(KEY)),
    "force": lambda world: world.release(KEY),
    "force and lane": lambda world: world.release(KEY, renew_lane=True),
}


def held_world(generation: Generation, hold: str) -> Played:
    clock = ManualClock()
    world = World(generation, clock)
    {"hook": world.stick_in_hook, "orphan": world.leak, "delivery": world.hold_delivery}[hold](KEY)
    world.waits(KEY, "the waiting one", "channel")
    return Played(world, clock)


def answers(played: Played, text: str) -> bool:
    return f"answer to: {text}" in played.answered(KEY)


def outcome(generation: Generation, hold: str, remedy: str) -> tuple[str, bool, bool]:
    """When the first lock was gone (now, minute, never), waiting answered, next answered."""
    played = held_world(generation, hold)
    world = played.world
    first = world.session(KEY).lock
    REMEDIES[remedy](world)
    gone = "now" if world.session(KEY).lock is not first else "never"
    played.go(61)
    if gone == "never" and world.session(KEY).lock is not first:
        gone = "minute"
    played.go(62)
    waiting = answers(played, "the waiting one")
    world.send(KEY, "the next one", "channel")
    played.go(5)
    return gone, waiting, answers(played, "the next one")


# What was measured on 2026.5.28 and 2026.9.6: (generation, hold, remedy): outcome
MEASURED = {
    ("april", "hook", "abort"): ("never", False, False),
    ("april", "hook", "stop"): ("now", False, False),
    ("april", "hook", "reset"): ("never", False, False),
    ("april", "hook", "force"): ("now", False, False),
    ("april", "hook", "force and lane"): ("now", True, True),
    ("september", "hook", "abort"): ("minute", True, True),
    ("september", "hook", "stop"): ("minute", False, True),
    ("september", "hook", "force"): ("now", False, True),
    ("april", "orphan", "abort"): ("never", False, False),
    ("april", "orphan", "stop"): ("never", False, False),
    ("april", "orphan", "reset"): ("never", False, False),
    ("april", "orphan", "force"): ("now", True, True),
    ("september", "orphan", "abort"): ("minute", True, True),
    ("september", "orphan", "stop"): ("minute", False, True),
    ("september", "orphan", "reset"): ("now", True, True),
    ("september", "orphan", "force"): ("now", True, True),
    ("april", "delivery", "abort"): ("never", False, False),
    ("april", "delivery", "reset"): ("never", False, False),
    ("april", "delivery", "stop"): ("now", False, True),
    ("april", "delivery", "force"): ("now", True, True),
}


@pytest.mark.parametrize(("generation", "hold", "remedy"), MEASURED)
def test_each_remedy_does_what_was_measured(generation: Generation, hold: str, remedy: str) -> None:
    assert outcome(generation, hold, remedy) == MEASURED[generation, hold, remedy]


@pytest.mark.parametrize("remedy", ["nothing", "abort", "stop", "reset"])
def test_september_ends_the_lock_of_an_undelivered_reply_and_the_next_one_hangs_too(
    remedy: str,
) -> None:
    played = held_world("september", "delivery")
    world, first = played.world, played.world.session(KEY).lock
    REMEDIES[remedy](world)
    played.go(58)
    assert world.session(KEY).lock is first
    played.go(3)
    lock = world.session(KEY).lock
    assert lock is not first
    assert lock is not None
    assert lock.holder == "delivery", "the waiting message hangs in delivery as well"
    assert played.lines("reply run finalization settle: forced release")
    world.restart()
    world.send(KEY, "after the restart", "channel")
    played.go(1)
    assert answers(played, "after the restart")


# -- the main lane


def fill(world: World, count: int) -> list[str]:
    keys = [f"agent:main:w{number}" for number in range(count)]
    for key in keys:
        world.session(key)
        world.send(key, f"work {HANG}")
    return keys


@both
def test_who_comes_to_a_full_lane_waits_in_turn_and_the_log_tells_when_it_starts(
    generation: Generation,
) -> None:
    clock = ManualClock()
    world = World(generation, clock)
    size = {"april": 4, "september": 8}[generation]
    keys = fill(world, size + 2)
    played = Played(world, clock)
    played.go(27)
    assert lanes.active(world, "main") == size
    assert [one.key for one in lanes.queued(world, "main")] == keys[-2:]
    assert played.lines("lane wait") == []
    counts = preflight(world)["counts"]
    assert (counts["queueSize"], counts["embeddedRuns"]) == (2 * size + 4, size + 2)
    world.end_run(keys[0])
    played.go(1)
    assert [one.key for one in lanes.queued(world, "main")] == keys[-1:]
    waited = played.lines("lane wait exceeded")
    assert len(waited) == 1
    assert waited[0].endswith(
        f" queueAhead=0 activeAhead={size} activeNow={size - 1} queueBehind=1"
    )


@both
def test_a_waiting_run_can_be_aborted_and_nobody_overtakes(generation: Generation) -> None:
    clock = ManualClock()
    world = World(generation, clock)
    size = {"april": 4, "september": 8}[generation]
    keys = fill(world, size + 2)
    played = Played(world, clock)
    run = world.session(keys[-2]).run
    assert run is not None
    assert world.abort(keys[-2], run.run_id)["abortedRunId"] == run.run_id
    world.end_run(keys[0])
    world.session("agent:main:late")
    world.send("agent:main:late", f"me first {HANG}")
    played.go(1)
    assert not lanes.waits(world.session(keys[-1]))
    assert lanes.waits(world.session("agent:main:late"))


def test_a_row_of_a_waiting_run_says_queued_on_september_only() -> None:
    from clawtop.demo.rows import in_flight, row

    for generation in GENERATIONS:
        world = World(generation, ManualClock())
        key = fill(world, 9)[-1]
        shown = row(world, world.session(key))
        assert shown["hasActiveRun"] is True
        assert "activeRunIds" not in shown
        assert shown["status"] == ("queued" if generation == "september" else "running")
        flight = in_flight(world.session(key))
        assert flight is not None
        assert "events" not in flight


@both
def test_a_stuck_owner_keeps_its_slot_until_a_restart(generation: Generation) -> None:
    clock = ManualClock()
    world = World(generation, clock)
    world.stick_in_hook(KEY)
    assert lanes.active(world, "main") == 1
    world.release(KEY, renew_lane=True)
    played = Played(world, clock)
    assert lanes.active(world, "main") == 1
    played.go(61)
    assert lanes.active(world, "main") == (1 if generation == "april" else 0)
    world.restart()
    assert lanes.active(world, "main") == 0


@both
def test_a_leaked_lock_holds_no_lane(generation: Generation) -> None:
    world = World(generation, ManualClock())
    world.leak(KEY)
    assert lanes.active(world, "main") == 0
    assert preflight(world)["counts"]["embeddedRuns"] == 1
