"""What each scenario leaves to be seen, what comes of it alone, and what each way out does."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from itertools import pairwise

import pytest

from clawtop.demo import Generation, ManualClock, World, lanes, snapshot
from clawtop.demo.aborts import channel_stop, reset
from clawtop.demo.approvals import decide
from clawtop.demo.model import Obj
from clawtop.demo.scenarios import (
    ALL,
    DEFAULT,
    SCENARIOS,
    backpressure,
    cascade,
    duplicate_completion,
    leaked_lock,
    phantom_recovery,
    storm,
)
from clawtop.demo.story import Story
from tests.demo.stories import GENERATIONS, Played, play

both = pytest.mark.parametrize("generation", GENERATIONS)
NAMES = [
    "healthy",
    "cascade",
    "duplicate-completion",
    "backpressure",
    "phantom-recovery",
    "leaked-lock",
    "storm",
    "busy-night",
]
SHOWN_FROM_S, SHOWN_TO_S, FAST = 10, 125, 20


def test_the_list_is_the_promised_one() -> None:
    assert [one.name for one in ALL] == NAMES
    assert DEFAULT in SCENARIOS
    for one in ALL:
        assert one.what
        assert 10 < len(one.look_at) <= 78, "it fits the narrow terminal"
        assert "\n" not in one.what + one.look_at
    april = [one.name for one in ALL if one.generation == "april"]
    assert april == ["phantom-recovery"], "everything else is cured best on September"


def test_choosing_a_scenario_loads_no_network_library() -> None:
    code = "import sys, clawtop.demo.scenarios, clawtop.demo.host; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "websockets" not in run.stdout.split()


# -- healthy


@both
def test_an_hour_of_healthy_traffic_leaves_nothing_that_looks_like_trouble(
    generation: Generation,
) -> None:
    played = play("healthy", generation)
    world = played.world
    for _ in range(60):
        played.go(60)
        for session in world.sessions.values():
            assert session.lock is None or session.run is not None, "a lock without a run"
            quiet = world.now() - (session.run.progress_at if session.run else world.now())
            assert quiet < 90_000, session.key
        commands = [one.request["command"] for one in world.approvals.values()]
        assert len(set(commands)) == len(commands), "equal requests at once"
        assert len(world.system_events.get(world.main_key, [])) < 20
        assert len(world.lane_queue) <= 3
    assert played.lines("stuck") == played.lines("stalled") == played.lines("long-running") == []
    assert len(played.events("heartbeat")) >= 25
    assert {one["status"] for one in played.events("heartbeat")} == {"ok-token"}
    asked = [one["request"]["command"] for one in played.events("exec.approval.requested")]
    assert len(asked) > len(set(asked)) > 1, "lawful repeats, with different arguments between"
    assert len([one for one in played.events("chat") if one.get("state") == "final"]) > 100


@both
def test_the_same_seed_plays_the_same_story_and_another_one_does_not(
    generation: Generation,
) -> None:
    def told(seed: int) -> list[tuple[str, str]]:
        played = play("busy-night", generation, 60, speed=FAST, seed=seed)
        return [(out.event, repr(out.payload)) for out in played.told]

    first = told(7)
    assert first == told(7)
    assert first != told(8)


# -- the faults, fast


def leaked(played: Played) -> bool:
    lock = played.world.session(leaked_lock.KEY).lock
    return lock is not None and lock.holder == "orphan"


def copies(played: Played) -> bool:
    equal = [
        one for one in played.pending(cascade.KEY) if one.request["command"] == cascade.COMMAND
    ]
    return len(equal) >= 3


def told_twice(played: Played) -> bool:
    queue = played.world.system_events.get(played.world.main_key, [])
    return queue.count(duplicate_completion.line(duplicate_completion.NEW)) == 2


def jammed(played: Played) -> bool:
    world = played.world
    running = [one for one in world.tasks if one["status"] == "running"]
    titles = [(one["title"], one["ownerKey"]) for one in running]
    full = lanes.active(world, "main") >= lanes.slots(world, "main")
    return full and len(lanes.queued(world, "main")) >= 8 and len(set(titles)) < len(titles)


def phantom(played: Played) -> bool:
    done = played.ring("session.recovery.completed")
    return [one["reason"] for one in done if one["outcome"] == "skipped"][:1] == [
        "already_in_flight"
    ]


def anything(played: Played) -> bool:
    return leaked(played) or copies(played) or told_twice(played)


SHOWN = {
    "cascade": copies,
    "duplicate-completion": told_twice,
    "backpressure": jammed,
    "phantom-recovery": phantom,
    "leaked-lock": leaked,
    "storm": lambda played: any(
        one.lock and one.lock.holder == "orphan" for one in played.world.sessions.values()
    ),
    "busy-night": anything,
}


@both
@pytest.mark.parametrize("name", SHOWN)
def test_at_speed_20_the_incident_is_there_from_ten_seconds_to_two_minutes(
    name: str, generation: Generation
) -> None:
    played = play(name, generation, SHOWN_FROM_S, speed=FAST)
    for _ in range(SHOWN_FROM_S, SHOWN_TO_S, 5):
        assert SHOWN[name](played)
        played.go(5)


@both
@pytest.mark.parametrize("name", [name for name in SHOWN if name not in ("storm", "busy-night")])
def test_it_is_healthy_first_and_in_trouble_within_a_minute(
    name: str, generation: Generation
) -> None:
    played = play(name, generation, 10)
    assert not SHOWN[name](played)
    assert played.events("agent"), "healthy traffic"
    played.go(50)
    assert SHOWN[name](played)


# -- leaked lock


@both
def test_the_leak_is_old_and_its_neighbour_is_answered(generation: Generation) -> None:
    played = play("leaked-lock", generation, 30)
    world = played.world
    session = world.session(leaked_lock.KEY)
    assert session.lock is not None
    assert world.now() - session.lock.since >= 17 * 60_000
    assert [one.via for one in session.waiting].count("rpc") == 1
    ages = [(world.now() - one.accepted_at) // 60_000 for one in session.waiting]
    assert ages == sorted(ages, reverse=True)
    assert ages[0] >= 15
    mine = [one for one in played.log() if f"sessionKey={leaked_lock.KEY} " in one["message"]]
    heads = {one["message"].partition(":")[0] for one in mine}
    assert heads - {"stalled session"} == {"inbound message", "read receipt sent"}
    assert ("stalled session" in heads) is (generation == "april")
    assert mine[0]["_meta"]["date"] < mine[-1]["_meta"]["date"]
    assert played.lines(f"reply delivered: channel=telegram account=default sessionKey={SIBLING}")


SIBLING = leaked_lock.SIBLING


def test_on_september_an_abort_frees_the_leak_after_a_minute_and_the_chat_is_answered() -> None:
    played = play("leaked-lock", "september", 30)
    world, session = played.world, played.world.session(leaked_lock.KEY)
    assert world.abort(leaked_lock.KEY)["status"] == "aborted"
    parked = [one for one in session.waiting if one.via == "rpc"]
    assert [one.state for one in parked] == ["cancelled"]
    played.go(59)
    assert session.lock is not None
    assert session.lock.phase == "aborted"
    assert world.abort(leaked_lock.KEY)["status"] == "no-active-run"
    played.go(30)
    assert not leaked(played)
    assert "answer to: could you check the boiler alarm?" in played.answered(leaked_lock.KEY)
    assert played.lines("reply run terminal settle: forced release sessionKey=" + leaked_lock.KEY)
    played.go(600)
    assert not leaked(played), "cured stays cured"


def test_on_april_no_abort_reaches_the_leak_and_a_restart_does() -> None:
    played = play("leaked-lock", "april", 30)
    world = played.world
    victim = next(one for one in world.session(leaked_lock.KEY).waiting if one.via == "rpc")
    answer = world.abort(leaked_lock.KEY)
    assert (answer["status"], answer["abortedRunId"]) == ("aborted", victim.run_id)
    assert world.abort(leaked_lock.KEY)["status"] == "no-active-run"
    played.go(1_200)
    assert leaked(played), "new messages put the built-in recovery off for ever"
    assert not played.ring("session.recovery.requested")
    world.restart()
    played.go(600)
    assert not leaked(played)


# -- cascade


@both
def test_the_cascade_has_its_copies_its_lines_and_a_lawful_look_alike(
    generation: Generation,
) -> None:
    played = play("cascade", generation, 400)
    world = played.world
    asked = played.pending(cascade.KEY)
    assert len(asked) == 14
    assert len({one.id for one in asked}) == 14
    assert len({str(one.request | {"toolCallId": 0}) for one in asked}) == 1
    run = world.session(cascade.KEY).run
    assert run is not None
    named = {one.request.get("runId") for one in asked}
    assert named == ({run.run_id} if generation == "september" else {None})
    ages = [
        int(found.group(1))
        for line in played.lines("stuck session: ")
        if f"sessionKey={cascade.KEY} " in line and (found := re.search(r" age=(\d+)s", line))
    ]
    assert all(20 < later - one <= 45 for one, later in pairwise(ages)), ages
    assert ages[-1] > 700
    failed = [one for one in played.log() if one["message"] == "embedded run failover decision"]
    assert {(one["1"]["runId"], one["1"]["failoverReason"]) for one in failed} == {
        (run.run_id, "timeout")
    }
    lawful = [one.request["command"] for one in played.pending(cascade.LAWFUL)]
    assert len(set(lawful)) == len(lawful) == 3


@both
def test_a_denied_request_comes_again_with_a_new_id(generation: Generation) -> None:
    played = play("cascade", generation, 20)
    first = played.pending(cascade.KEY)[0]
    known = {one.id for one in played.pending(cascade.KEY)}
    decide(played.world, first, "deny", "me")
    played.go(1)
    assert len({one.id for one in played.pending(cascade.KEY)} - known) == 1


@pytest.mark.parametrize(
    ("generation", "status", "left"), [("april", "no-active-run", 14), ("september", "aborted", 0)]
)
def test_an_abort_of_the_asking_run(generation: Generation, status: str, left: int) -> None:
    played = play("cascade", generation, 400)
    assert played.world.abort(cascade.KEY)["status"] == status
    played.go(120)
    assert len(played.pending(cascade.KEY)) == left
    assert (played.world.session(cascade.KEY).run is None) is (generation == "september")


def test_on_april_the_stop_as_a_message_ends_the_asking_and_leaves_orphans() -> None:
    played = play("cascade", "april", 400)
    world = played.world
    channel_stop(world, world.session(cascade.KEY), "[clawtop] /stop", "stop-1")
    played.go(1)
    orphans = played.pending(cascade.KEY)
    assert len(orphans) == 14
    for one in orphans:
        decide(world, one, "deny", "me")
    played.go(60)
    assert played.pending(cascade.KEY) == []


# -- duplicate completion


@both
def test_one_end_became_two_turns_and_the_next_is_queued_twice(generation: Generation) -> None:
    played = play("duplicate-completion", generation, 30)
    world = played.world
    queue = world.system_events[world.main_key]
    assert queue[0] == queue[2] == duplicate_completion.line(duplicate_completion.NEW)
    assert queue[1] != queue[0]
    turns = [
        one
        for one in world.session(world.main_key).messages
        if one["role"] == "user" and duplicate_completion.OLD in one["content"]
    ]
    assert len(turns) == 2
    assert turns[1]["timestamp"] - turns[0]["timestamp"] == 50_000
    before = played.world.last_heartbeat
    assert before is not None
    assert before["status"] in ("sent", "skipped")


@both
def test_when_the_long_turn_ends_the_next_heartbeat_takes_both_copies(
    generation: Generation,
) -> None:
    played = play("duplicate-completion", generation, 30)
    world = played.world
    world.end_run(world.main_key)
    played.go(150)
    assert world.system_events.get(world.main_key) is None
    texts = [one["content"] for one in world.session(world.main_key).messages]
    both_copies = duplicate_completion.line(duplicate_completion.NEW)
    assert any(str(text).count(both_copies) == 2 for text in texts)
    assert "exec-event" in {one.get("reason") for one in played.events("heartbeat")}


# -- backpressure


@both
def test_the_lane_is_full_its_queue_rises_and_the_log_says_so(generation: Generation) -> None:
    played = play("backpressure", generation, 20)
    world = played.world
    sizes = []
    for _ in range(10):
        sizes.append(len(lanes.queued(world, "main")))
        assert lanes.active(world, "main") == (8 if generation == "september" else 4)
        played.go(4)
    assert all(later > one for one, later in pairwise(sizes)), sizes
    waits = played.lines("lane wait exceeded: lane=main waitedMs=")
    assert waits
    assert all(
        re.search(r"queueAhead=\d+ activeAhead=\d+ activeNow=\d+ queueBehind=\d+$", one)
        for one in waits
    )
    tasks = [one for one in world.tasks if one["title"] == backpressure.TITLE]
    assert len({(one["ownerKey"], one["status"]) for one in tasks}) == 1
    assert 0 < tasks[1]["createdAt"] - tasks[0]["createdAt"] < 10_000


@both
def test_cancelling_the_younger_copy_drains_the_lane(generation: Generation) -> None:
    played = play("backpressure", generation, 60)
    world = played.world
    younger = max((one for one in world.tasks), key=lambda one: one["createdAt"])
    assert world.cancel_task(younger["taskId"])["cancelled"] is True
    played.go(1)
    assert world.session(str(younger["childSessionKey"])).run is None
    assert len(played.events("task")) > 0 or generation == "april"
    played.go(240)
    assert lanes.queued(world, "main") == []
    assert lanes.active(world, "main") < lanes.slots(world, "main")


def test_without_help_the_older_copy_ends_by_itself_and_the_lane_drains() -> None:
    played = play("backpressure", "september", 3_600 / FAST + 5, speed=FAST)
    done = [one["status"] for one in played.world.tasks]
    assert done == ["completed", "running"]
    played.go(300)
    assert lanes.queued(played.world, "main") == []


def test_only_september_answers_with_lanes_and_says_full() -> None:
    played = play("backpressure", "september", 30)
    rows = {one["lane"]: one for one in lanes.answer(played.world)["lanes"]}
    main = rows["main"]
    assert (main["activeCount"], main["maxConcurrent"], main["blockedBy"]) == (8, 8, "lane")
    assert main["queuedCount"] >= 8
    assert rows["subagent"]["activeCount"] == 3


# -- phantom recovery


def outcomes(records: list[Obj]) -> list[tuple[str, str | None]]:
    return [(one["outcome"], one.get("reason")) for one in records]


def test_april_asks_twice_for_one_recovery() -> None:
    played = play("phantom-recovery", None, 20)
    assert played.world.generation == "april"
    assert len(played.ring("session.recovery.requested")) == 2
    done = played.ring("session.recovery.completed")
    assert outcomes(done) == [("skipped", "already_in_flight"), ("aborted", None)]
    said = played.lines("stuck session recovery outcome: ")
    assert "reason=already_in_flight released=0" in said[0]
    assert "status=aborted action=abort_embedded_run" in said[1]
    assert said[1].endswith("forceCleared=true released=0")
    assert all(f"sessionKey={phantom_recovery.KEY} " in one for one in said)


def test_the_engine_makes_a_phantom_of_its_own_when_a_message_comes_meanwhile() -> None:
    played = play("phantom-recovery", "april", 300)
    asked = played.ring("session.recovery.requested")
    assert len(asked) == 4
    done = played.ring("session.recovery.completed")[2:]
    assert outcomes(done) == [("skipped", "already_in_flight"), ("aborted", None)]
    assert done[0]["ts"] < done[1]["ts"]
    assert "answer to: any news?" in played.answered(phantom_recovery.AGAIN)


def test_september_completes_what_nobody_asked_for() -> None:
    played = play("phantom-recovery", "september", 20)
    assert len(played.ring("session.recovery.requested")) == 1
    assert len(played.ring("session.recovery.completed")) == 2


# -- storm and night


@both
def test_a_storm_is_large_and_can_be_larger(generation: Generation) -> None:
    played = play("storm", generation, 5)
    world = played.world
    assert len(world.sessions) >= storm.SESSIONS
    assert len(world.approvals) >= storm.SESSIONS // 4
    assert len(world.system_events[world.main_key]) == 20
    queues = snapshot.health(world).get("deliveryQueues", {})
    assert ("ingressPressure" in queues) is (generation == "september")
    larger = World(generation, ManualClock())
    storm.play(Story(larger), size=1_000)
    assert len(larger.sessions) >= 1_000


def test_a_busy_night_brings_every_fault() -> None:
    played = play("busy-night", "april", 210, speed=FAST)
    assert leaked(played)
    assert phantom(played)
    assert told_twice(played)
    assert copies(played)
    assert played.world.tasks


# -- whatever a person does


def meddle(played: Played, chance: random.Random) -> None:
    """One thing that a person can do, to a session of the story."""
    world = played.world
    session = chance.choice(list(world.sessions.values()))
    match chance.randrange(9):
        case 0 | 1:
            world.abort(session.key, clear_queued=chance.random() < 0.3 and world.september)
        case 2:
            channel_stop(world, session, "[x] /stop", f"stop-{chance.random()}")
        case 3:
            reset(world, session)
        case 4:
            world.release(session.key, renew_lane=chance.random() < 0.5)
        case 5:
            world.send(session.key, "hello", chance.choice(("rpc", "channel")))
        case 6 if world.approvals:
            word = chance.choice(("deny", "allow-once"))
            decide(world, chance.choice(list(world.approvals.values())), word, "me")
        case 7 if world.tasks:
            world.cancel_task(chance.choice(world.tasks)["taskId"])
        case _ if chance.random() < 0.05:
            world.restart()


@both
@pytest.mark.parametrize("name", SHOWN)
def test_the_story_goes_on_whatever_a_person_does(name: str, generation: Generation) -> None:
    for seed in range(3):
        chance = random.Random(seed)
        played = play(name, generation, 5, speed=FAST, seed=seed)
        for _ in range(150):
            meddle(played, chance)
            played.go(chance.choice((0.1, 0.5, 2.0)))
        played.told.clear()
        played.go(30)
        # a storm may have every slot of the lane taken for good
        assert name == "storm" or played.events("agent"), "the traffic stopped"
