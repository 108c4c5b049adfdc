"""I-22 and I-23: too many heartbeats, one that never ends, and none."""

import pytest
from msgspec import structs

from clawtop.picture import changes as c
from clawtop.picture.pause import Act, Pause, PauseKnown
from tests.incidents.scenes import Watch, logged
from tests.picture.builders import (
    KEY,
    MINUTE,
    at_ms,
    begins,
    ends,
    gateway,
    later_row,
    listed,
    probe,
    works,
)

HEART = "agent:main:heartbeat"
GUARD = "heartbeat: flood guard tripped, deferring wake agentId=main reason={} recentRunCount=5"


def agents(*minutes: float, waits: bool | None = None, enabled: bool = True) -> c.StatusRead:
    told = tuple(
        c.HeartbeatAgent(f"a{number}", enabled, one * MINUTE, waits)
        for number, one in enumerate(minutes)
    )
    return c.StatusRead([], [], heartbeats=told)


def beat(at: float, status: str = "ok-empty", reason: str | None = "interval") -> c.HeartbeatSeen:
    return c.HeartbeatSeen(at_ms(at), status, reason)


def beating(
    watch: Watch, *times: float, status: str = "ok-empty", reason: str | None = "hook"
) -> Watch:
    for at in times:
        watch.tell(beat(at, status, reason), at=at)
    return watch


def every(seconds: int, until: int, start: int = 0) -> range:
    return range(start, until, seconds)


def test_a_wake_every_half_minute_is_a_storm() -> None:
    watch = beating(Watch().tell(agents(30)), *every(30, 400))
    found = watch.one("I-22")
    assert (found.severity, found.certainty) == ("warning", "likely")
    before, told = watch.one("I-22"), len(watch.changes)
    beating(watch, *every(30, 900, 400))
    assert watch.one("I-22") == before
    assert len(watch.changes) == told
    assert watch.wait_until(2_000).found("I-22") == []


def test_a_storm_of_failures_is_one_too() -> None:
    watch = beating(Watch().tell(agents(30)), *every(30, 400), status="failed", reason="boom")
    assert watch.found("I-22")


@pytest.mark.parametrize(
    ("minutes", "times", "status", "reason"),
    [
        ((1,), every(60, 1200), "ok-empty", "interval"),
        ((30,) * 20, every(60, 1200), "sent", None),
        ((30,), range(12), "ok-empty", "interval"),
        ((30,), every(30, 600), "sent", "exec-event"),
        ((30,), every(1, 600), "skipped", "requests-in-flight"),
        ((30,), every(120, 1200), "ok-empty", "wake"),
    ],
    ids=["configured so", "many agents", "a burst after a sleep", "ends of commands (I-02)",
         "skips", "some wakes"],
)  # fmt: skip
def test_many_heartbeats_for_a_reason_are_no_storm(
    minutes: tuple[int, ...], times: range, status: str, reason: str | None
) -> None:
    watch = beating(Watch().tell(agents(*minutes)), *times, status=status, reason=reason)
    assert watch.found("I-22") == []


def guarded(*times: float, reason: str = "wake") -> Watch:
    watch = Watch().tell(agents(30))
    for at in times:
        watch.tell(logged(GUARD.format(reason), at=at), at=at)
    return watch


def test_a_flood_guard_that_trips_again_proves_it_and_names_the_agent() -> None:
    found = guarded(10, 100).one("I-22")
    assert found.certainty == "proved"
    assert "agent main, wake wake" in found.evidence[0]


@pytest.mark.parametrize(
    "watch", [guarded(10), guarded(10, 30), guarded(10, 100, reason="exec-event")]
)
def test_one_trip_of_the_guard_is_a_burst(watch: Watch) -> None:
    assert watch.found("I-22") == []


def long_beat(minutes: int, *, heartbeat: bool = True, interval: int = 10) -> Watch:
    watch = Watch().tell(agents(interval), begins(at=0, is_heartbeat=heartbeat), at=0)
    for minute in range(1, minutes + 1):
        watch.tell(works(at=minute * 60), at=minute * 60)
    return watch


def test_one_heartbeat_run_that_works_for_twice_stale_after_is_possible() -> None:
    assert long_beat(19).found("I-22") == []
    watch = long_beat(21)
    found = watch.one("I-22")
    assert (found.severity, found.certainty, found.run_id) == ("warning", "possible", "run-1")
    assert watch.tell(ends(at=1300), at=1300).found("I-22") == []


def test_a_heartbeat_run_shorter_than_its_interval_is_healthy() -> None:
    assert long_beat(29, interval=30).found("I-22") == []
    assert long_beat(31, interval=30).found("I-22")


def test_long_work_of_a_person_is_no_heartbeat() -> None:
    assert long_beat(40, heartbeat=False).all() == []


def skipping(reason: str, *, minutes: int = 15, interval: float = 5, generation: str = "september",
             waits: bool | None = None) -> Watch:  # fmt: skip
    """A heartbeat that ran once, then only skips for one reason, a minute apart."""
    watch = Watch(generation).tell(agents(interval, waits=waits), beat(0), at=0)
    return beating(watch, *every(60, minutes * 60 + 1, 60), status="skipped", reason=reason)


def test_skips_while_nothing_is_held_are_named_after_stale_after() -> None:
    assert skipping("requests-in-flight", minutes=10).found("I-23") == []
    watch = skipping("requests-in-flight")
    found = watch.one("I-23")
    assert (found.severity, found.certainty, found.since_ms) == ("warning", "likely", at_ms(60))
    told = len(watch.changes)
    beating(watch, *range(901, 960), status="skipped", reason="requests-in-flight")
    assert len(watch.changes) == told
    assert watch.tell(beat(1000), at=1000).found("I-23") == []


def test_the_holder_is_freed_and_not_the_heartbeat() -> None:
    watch = Watch().tell(agents(5), listed(later_row(HEART)), beat(0), at=0)
    for at in (1, 70, 900):
        watch.tell(probe(HEART, at=at), at=at)
        beating(watch, at + 1, at + 2, status="skipped", reason="requests-in-flight")
    found = watch.one("I-23")
    assert (found.ways[0].act, found.ways[0].target) == ("release", HEART)
    assert "I-05" in watch.ids()


def test_healthy_work_may_be_in_the_way() -> None:
    watch = Watch().tell(agents(5), beat(0), begins(key=KEY, at=0), at=0)
    for minute in range(1, 20):
        watch.tell(works(at=minute * 60), at=minute * 60)
        beating(watch, minute * 60 + 1, status="skipped", reason="requests-in-flight")
    assert watch.all() == []


def test_healthy_work_may_have_been_in_the_way_of_the_newest_skip() -> None:
    """Another session is stuck, or nobody works any more: neither proves what was in the way."""
    watch = Watch().tell(agents(5), beat(0), begins(key=KEY, at=0), at=0)
    watch.tell(listed(later_row("agent:main:telegram:dm:7"), complete=False), at=1)
    for at in (2, 70, 900):
        watch.tell(probe("agent:main:telegram:dm:7", at=at), at=at)
    for minute in range(1, 20):
        watch.tell(works(at=minute * 60), at=minute * 60)
        beating(watch, minute * 60 + 1, status="skipped", reason="requests-in-flight")
    watch.tell(ends(at=1_142), at=1_142)
    assert "I-23" not in {change.incident.id for change in watch.changes}


@pytest.mark.parametrize(
    "reason",
    [
        "not-due",
        "quiet-hours",
        "empty-heartbeat-file",
        "disabled",
        "alerts-disabled",
        "target-none",
    ],
)
def test_skips_that_are_meant_are_nothing(reason: str) -> None:
    assert skipping(reason, minutes=40).found("I-23") == []


def test_an_agent_without_a_route_is_named_by_its_skips() -> None:
    assert skipping("no-route", waits=True).one("I-23").ways[0].act == "advice"
    assert skipping("no-route", waits=False).found("I-23") == []


@pytest.mark.parametrize(("generation", "hours"), [("september", 1.2), ("april", 24.1)])
def test_silence_without_a_word_is_only_possible(generation: str, hours: float) -> None:
    watch = Watch(generation).tell(agents(30), beat(0), at=0)
    assert watch.wait_until(hours * 3600 - 900).found("I-23") == []
    found = watch.wait_until(hours * 3600).one("I-23")
    assert (found.severity, found.certainty) == ("warning", "possible")
    assert any("paused" in one for one in found.ruled_out)


def test_a_skip_that_is_known_to_end_the_schedule_is_believed_sooner() -> None:
    watch = Watch("april").tell(agents(30), beat(0, "skipped", "requests-in-flight"), at=0)
    assert watch.wait_until(4_201).found("I-23")


@pytest.mark.parametrize(
    "status", [agents(30, enabled=False), agents(0), agents()], ids=["off", "0m", "not told"]
)
def test_heartbeats_that_are_off_are_silent_rightly(status: c.StatusRead) -> None:
    watch = Watch().tell(status, beat(0), at=0).wait_until(90_000)
    assert watch.found("I-23") == []


def test_a_gateway_that_never_told_of_any_is_not_accused() -> None:
    watch = Watch().tell(agents(30), c.HeartbeatSeen(), at=0).wait_until(90_000)
    assert watch.found("I-23") == []


def test_a_lost_link_is_not_silence() -> None:
    watch = Watch().tell(agents(30), beat(0), at=0).tell(c.LinkDown("gone"), at=60)
    assert watch.wait_until(90_000).found("I-23") == []


def ours(act: Act, at: float) -> PauseKnown:
    """What clawtop did to the very process that answers."""
    facts = gateway()
    paused = Pause(act, at_ms(at), "ada@desk", facts.name, facts.url, at_ms(at), facts.boot_id)
    return PauseKnown(paused)


@pytest.mark.parametrize("act", [Act.PAUSED, Act.PAUSE_ASKED, Act.RESUME_ASKED])
def test_silence_while_our_own_pause_may_hold_is_told_apart(act: Act) -> None:
    watch = Watch().tell(agents(30), beat(0), at=0).tell(ours(act, 10), at=10)
    assert watch.wait_until(90_000).found("I-23") == []


def test_silence_counts_from_the_resume_on() -> None:
    watch = Watch().tell(agents(30), beat(0), at=0).tell(ours(Act.PAUSED, 10), at=10)
    watch.wait_until(20_000).tell(ours(Act.RESUMED, 20_000), at=20_000)
    assert watch.wait_until(20_000 + 1.1 * 3600).found("I-23") == []
    assert watch.wait_until(20_000 + 1.2 * 3600).found("I-23")


def test_a_pause_of_another_process_excuses_nothing() -> None:
    known = ours(Act.PAUSED, 10).pause
    assert known is not None
    old = structs.replace(known, boot_id="boot-0", started_ms=at_ms(-9_000))
    watch = Watch().tell(agents(30), beat(0), PauseKnown(old), at=0)
    assert watch.wait_until(1.2 * 3600).found("I-23")


def test_two_bursts_with_calm_in_between_are_no_storm() -> None:
    watch = beating(Watch().tell(agents(30)), *range(0, 12, 2), *range(500, 512, 2))
    assert watch.found("I-22") == []


def test_a_storm_says_what_is_configured() -> None:
    found = beating(Watch().tell(agents(30)), *every(30, 400)).one("I-22")
    assert any("a0 every 30m" in line for line in found.evidence)


def test_a_heartbeat_run_that_fell_silent_is_not_at_work() -> None:
    watch = Watch().tell(agents(10), begins(at=0, is_heartbeat=True), at=0).wait_until(1_300)
    assert watch.ids() == {"I-16"}


def test_a_channel_that_is_not_ready_needs_no_agent_without_a_route() -> None:
    found = skipping("channel-not-ready").one("I-23")
    assert any("channel is not ready" in line for line in found.evidence)
    assert "route" in found.ways[0].text


def test_two_skips_and_then_nothing_are_not_skips_again_and_again() -> None:
    watch = Watch().tell(agents(5), beat(0), at=0)
    beating(watch, 60, 61, status="skipped", reason="requests-in-flight")
    assert watch.wait_until(700).found("I-23") == []


def test_without_a_holder_only_a_restart_is_left_and_it_says_so() -> None:
    ways = skipping("requests-in-flight").one("I-23").ways
    assert [way.act for way in ways] == ["advice", "advice"]
    assert "restart" in ways[-1].text
