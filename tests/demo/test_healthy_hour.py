"""A healthy hour raises nothing, and a fault raises its own name and no other."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clawtop.demo import Generation, approvals
from clawtop.demo.scenarios import backpressure, cascade, leaked_lock, phantom_recovery
from clawtop.demo.world import World
from tests.demo.hour import Named, Quarters, Watch, begin, empty
from tests.demo.lawful import Habits, Lawful
from tests.demo.stories import GENERATIONS

both = pytest.mark.parametrize("generation", GENERATIONS)
MINUTE_S, HOUR_S = 60.0, 3_600.0
POLL_S = 5.5  # the longest interval that matters here, and a step
LOOK_S = 20.0


def alarms(named: Iterable[Named]) -> list[str]:
    """Everything but what is only told (info)."""
    return [str(one) for one in named if one.incident.severity != "info"]


def first_look(gateway: Quarters, seconds: float = LOOK_S) -> Watch:
    """Somebody who comes now, stays for a moment and goes."""
    watch = Watch(gateway, late_ms=200)
    gateway.go(seconds)
    watch.cut()
    gateway.watches.remove(watch)
    return watch


# -- nothing is wrong


@both
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_healthy_hour_raises_nothing(generation: Generation, seed: int) -> None:
    gateway = begin("healthy", generation, seed=seed)
    watch = Watch(gateway, late_ms=(seed - 1) * 150, skew_ms=(seed - 2) * 7_200_000)
    looks = []
    while gateway.now_s < HOUR_S:
        gateway.go(9 * MINUTE_S)
        looks.append(first_look(gateway))
    assert watch.log() == ""
    assert [one.log() for one in looks if one.named] == []
    _really_watched(watch)


def _really_watched(watch: Watch) -> None:
    """The hour was seen: questions were answered, and runs were known to work."""
    assert all(slot.failed is None for slot in watch.budget.slots.values())
    assert watch.budget.slots["rows"].asked > 100
    assert watch.feed.unreadable_events == watch.feed.reader.unreadable == 0
    report = watch.store.held.sessions["agent:main:subagent:monthly-report"]
    assert watch.store.now_ms - (report.progress_ms or 0) < 60_000


@both
def test_a_watch_that_sees_a_leak_in_that_hour_would_say_so(generation: Generation) -> None:
    """The test above can fail."""
    gateway = begin("healthy", generation)
    watch = Watch(gateway)
    gateway.go(5 * MINUTE_S)
    gateway.world.leak("agent:main:webchat:ghosted")
    gateway.world.waits("agent:main:webchat:ghosted", "hello?")
    gateway.world.touch("agent:main:webchat:ghosted", "send")
    gateway.go(15 * MINUTE_S)
    assert any(one.id == "I-05" for one in watch.open()) or "I-05" in watch.log()


# -- lawful traffic that no scenario plays


def modest(generation: Generation) -> Habits:
    """Busy, and within what the lanes can take."""
    return Habits(
        sessions=6 if generation == "april" else 14,
        pause_s=(20, 120),
        turn_s=(1, 25),
        answer_s=(3, 110),
        long_share=0.03,
    )


def troubles(gateway: Quarters, watch: Watch, traffic: Lawful, chance: random.Random) -> None:
    """What happens to a link, a gateway or its use within a minute; mostly nothing."""
    match chance.randrange(12):
        case 0:
            gateway.restart_now()
        case 1:
            watch.cut()
            watch.away(chance.choice([1, 20, 200]))
        case 2:
            watch.lose = chance.randint(1, 30)
        case 3:
            traffic.bulk(chance.randint(5, 40))
        case _:
            pass


@both
@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(0, 10_000), late_ms=st.sampled_from([0, 120]), skew_s=st.integers(-90, 90))
def test_lawful_traffic_alarms_nobody(
    generation: Generation, seed: int, late_ms: int, skew_s: int
) -> None:
    """Runs wait for slots and for answers, sessions come in bulk, the gateway restarts, the link
    is lost and frames with it: the one who was there all along and the one who comes now agree
    that nothing is wrong."""
    gateway, chance = empty(generation), random.Random(seed)
    traffic = Lawful(gateway, modest(generation), seed).begin()
    watch = Watch(gateway, late_ms=late_ms, skew_ms=skew_s * 60_000)
    for minute in range(40):
        gateway.go(MINUTE_S)
        troubles(gateway, watch, traffic, chance)
        if minute % 8 == 7:
            assert alarms(first_look(gateway).named) == []
    assert _but_long_waits(watch.named) == []


def _but_long_waits(named: Iterable[Named]) -> list[str]:
    """Many sessions at once may fill a small lane for so long that it is worth a name: the
    gateway itself logs that somebody waited a minute."""
    lawful = [
        one
        for one in named
        if one.incident.id == "I-03" and any("logged a wait" in e for e in one.incident.evidence)
    ]
    return alarms(one for one in named if one not in lawful)


@pytest.mark.parametrize("name", ["busy-night", *sorted({"cascade", "leaked-lock"})])
@both
def test_before_the_fault_there_is_nothing(name: str, generation: Generation) -> None:
    gateway = begin(name, generation)
    watch = Watch(gateway)
    gateway.go(89 if name == "busy-night" else 14.5)
    assert watch.log() == ""


# -- the faults, each with its own name and no other

C_RELEASE = cascade.LAWFUL
MAIN = "agent:main:main"
EXPLAINED: dict[str, set[tuple[str, str | None]]] = {
    # its three lawful requests wait for an answer as well, and nobody comes
    "cascade": {("I-01", cascade.KEY), ("I-09", C_RELEASE)},
    "duplicate-completion": {("I-02", MAIN)},
    "backpressure": {("I-03", None), ("I-03", backpressure.OWNER)},
    "phantom-recovery": {
        ("I-04", phantom_recovery.KEY),
        # its later rounds begin with a lock that leaks and that the gateway frees by itself
        ("I-04", phantom_recovery.AGAIN),
        ("I-05", phantom_recovery.AGAIN),
    },
    "leaked-lock": {("I-05", leaked_lock.KEY)},
}
FIRST = {
    "cascade": "I-01",
    "duplicate-completion": "I-02",
    "backpressure": "I-03",
    "phantom-recovery": "I-04",
    "leaked-lock": "I-05",
}
FAULT_S = 15.0


def names(watch: Watch) -> set[tuple[str, str | None]]:
    return {(one.incident.id, one.incident.session_key) for one in watch.named}


@both
@pytest.mark.parametrize("name", sorted(FIRST))
def test_a_fault_gets_its_name_soon_and_no_other(name: str, generation: Generation) -> None:
    gateway = begin(name, generation)
    watch = Watch(gateway)
    gateway.go(FAULT_S + POLL_S)
    assert FIRST[name] in watch.ids(), watch.log()
    gateway.go(30 * MINUTE_S)
    assert names(watch) <= EXPLAINED[name], watch.log()


@both
def test_a_whole_night_names_what_happens_in_it_and_nothing_else(generation: Generation) -> None:
    gateway = begin("busy-night", generation)
    watch = Watch(gateway)
    gateway.go(90 * MINUTE_S)
    assert names(watch) <= set().union(*EXPLAINED.values()), watch.log()
    assert {one for one, _ in names(watch)} >= set(FIRST.values())


@both
def test_a_leak_that_is_old_stays_critical(generation: Generation) -> None:
    gateway = begin("leaked-lock", generation)
    watch = Watch(gateway)
    gateway.go(40 * MINUTE_S)
    told = {(one.change.what, one.incident.severity) for one in watch.named}
    assert told <= {("new", "critical"), ("changed", "critical")}, watch.log()


@both
def test_in_a_storm_nobody_who_works_or_waits_for_a_slot_is_called_stuck(
    generation: Generation,
) -> None:
    gateway = begin("storm", generation)
    watch = Watch(gateway)
    faulty = {None, *(key for key in gateway.world.sessions if _has_no_owner(gateway.world, key))}
    gateway.go(8 * MINUTE_S)
    stuck = [one for one in watch.named if one.incident.id in ("I-05", "I-11", "I-16", "I-21")]
    assert [str(one) for one in stuck if one.incident.session_key not in faulty] == []
    assert len({key for one, key in names(watch) if one == "I-05"}) >= 8


def _has_no_owner(world: World, key: str) -> bool:
    session = world.sessions[key]
    return session.run is None and (session.lock is not None or session.status == "running")


# -- and afterwards it is over


def cured(watch: Watch, incident: str, seconds: float) -> bool:
    watch.gateway.go(seconds)
    return incident not in watch.ids()


def struck(name: str, generation: Generation) -> Watch:
    """A watch that has seen the fault of a scenario."""
    gateway = begin(name, generation)
    watch = Watch(gateway)
    gateway.go(FAULT_S + 45)
    assert FIRST[name] in watch.ids()
    return watch


def test_an_abort_and_a_minute_cure_the_leaked_lock() -> None:
    watch = struck("leaked-lock", "september")
    watch.gateway.world.abort(leaked_lock.KEY)
    assert cured(watch, "I-05", 60 + POLL_S), watch.log()
    watch.gateway.go(10 * MINUTE_S)
    assert watch.open() == []


def test_a_restart_cures_the_early_leaked_lock() -> None:
    watch = struck("leaked-lock", "april")
    watch.gateway.restart_now()
    assert cured(watch, "I-05", POLL_S), watch.log()
    watch.gateway.go(20 * MINUTE_S)
    assert watch.open() == []


def test_a_cascade_is_over_once_its_run_is_stopped_and_the_copies_are_denied() -> None:
    watch = struck("cascade", "september")
    world = watch.gateway.world
    run = world.session(cascade.KEY).run
    assert run is not None
    world.abort(cascade.KEY, run.run_id)
    for record in list(world.approvals.values()):
        if record.session_key == cascade.KEY:
            approvals.decide(world, record, "deny", "operator")
    assert cured(watch, "I-01", MINUTE_S + POLL_S), watch.log()
    watch.gateway.go(20 * MINUTE_S)
    assert ("new", "I-01") not in {(n.change.what, n.incident.id) for n in watch.named[1:]}


@both
def test_two_copies_in_the_queue_are_over_once_a_turn_took_them(generation: Generation) -> None:
    watch = struck("duplicate-completion", generation)
    run = watch.gateway.world.session(MAIN).run
    assert run is not None
    watch.gateway.world.abort(MAIN, run.run_id)
    watch.gateway.go(3 * MINUTE_S)
    assert {one.severity for one in watch.open()} <= {"info"}, "two turns are a fact of the past"


@both
def test_cancelling_the_younger_task_ends_the_backpressure(generation: Generation) -> None:
    watch = struck("backpressure", generation)
    world = watch.gateway.world
    younger = max((one for one in world.tasks), key=lambda task: task["createdAt"])
    world.cancel_task(younger["taskId"])
    watch.gateway.go(2 * POLL_S)
    assert ("I-03", backpressure.OWNER) not in {(one.id, one.session_key) for one in watch.open()}
    assert cured(watch, "I-03", 6 * MINUTE_S), watch.log()
