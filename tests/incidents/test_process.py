"""I-17 and I-18: a session file that stays locked, and a gateway that is slow or mute."""

from typing import Any

import pytest

from clawtop.errors import ALIVE, NO_ANSWER, NO_FRAMES
from clawtop.picture import changes as c
from tests.incidents.scenes import Watch, logged
from tests.picture.builders import KEY, at_ms, gateway, listed, row

FILE = "0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"


def locked(more: str = "", *, file: str = FILE) -> str:
    return (
        f"session file locked (timeout 60000ms): pid=4711 {more} /state/sessions/{file}.jsonl.lock"
    )


def lines(*messages: tuple[float, str], **row_fields: Any) -> Watch:
    watch = Watch("april").tell(listed(row(**{"session_id": FILE} | row_fields)))
    for at, message in messages:
        watch.tell(logged(message, at=at), at=at)
    return watch


def test_a_lock_whose_process_is_gone_is_critical_at_once() -> None:
    found = lines((10, locked("alive=false ageMs=90000"))).one("I-17")
    assert (found.severity, found.certainty, found.session_key) == ("critical", "proved", KEY)
    assert "doctor" in found.ways[0].text


@pytest.mark.parametrize(
    ("more", "certainty", "way"), [("alive=true", "likely", "wait"), ("", "possible", "doctor")]
)
def test_a_lock_that_is_met_again_minutes_later_is_a_warning(
    more: str, certainty: str, way: str
) -> None:
    watch = lines((10, locked(more)), (140, locked(more)))
    found = watch.one("I-17")
    assert (found.severity, found.certainty) == ("warning", certainty)
    assert way in found.ways[0].text
    assert watch.wait_until(800).found("I-17") == []


@pytest.mark.parametrize(
    "messages",
    [
        [(10, locked("alive=true"))],
        [(10, locked()), (40, locked())],
        [(10, locked()), (140, locked(file="ffffffff-aaaa"))],
        [(10, "Reply run already active for agent:main:main")],
    ],
    ids=["a live writer", "one wait", "another file", "a lock in memory (I-05)"],
)
def test_a_writer_that_lets_go_is_nothing(messages: list[tuple[float, str]]) -> None:
    assert lines(*messages).found("I-17") == []


def answered(watch: Watch, *took: int | None, method: str = "sessions.list") -> Watch:
    for number, one in enumerate(took):
        watch.tell(c.Answered(method, one), at=60 + number * 30)
    return watch


@pytest.mark.parametrize("took", [(6_000, 7_000), (None, None), (44_000, None)])
def test_answers_that_take_seconds_twice_in_a_row_are_a_slow_method(
    took: tuple[int | None, ...],
) -> None:
    found = answered(Watch(), *took).one("I-18")
    assert (found.severity, found.certainty) == ("warning", "proved")
    assert found.summary == "the gateway answers sessions.list slowly"


def test_several_slow_methods_make_a_slow_gateway() -> None:
    watch = answered(answered(Watch(), 6_000, 6_000), 9_000, 8_000, method="status")
    assert watch.one("I-18").summary == "the gateway is slow to answer"


def test_a_slow_gateway_reads_the_same_until_it_gets_worse() -> None:
    watch = answered(Watch(), 6_000, 6_500)
    before, told = watch.one("I-18"), len(watch.changes)
    watch.tell(c.Answered("sessions.list", 7_900), at=200)
    assert watch.one("I-18") == before
    assert len(watch.changes) == told
    watch.tell(c.Answered("sessions.list", 21_000), at=230)
    assert watch.one("I-18") != before


@pytest.mark.parametrize(
    "took", [(6_000,), (6_000, 100, 6_000), (4_900,) * 9], ids=["once", "not in a row", "quick"]
)
def test_one_hiccup_is_nothing(took: tuple[int, ...]) -> None:
    assert answered(Watch(), *took).found("I-18") == []


def test_a_quick_answer_ends_it() -> None:
    watch = answered(Watch(), 6_000, 6_000)
    assert watch.tell(c.Answered("sessions.list", 300), at=300).found("I-18") == []


def degraded(*, since: float = 0) -> Watch:
    return Watch().tell(c.Health(c.EventLoop(True)), at=since)


DELAYED = "liveness warning: reasons=event_loop_delay,cpu interval=30s eventLoopDelayP99Ms=2100"


def test_a_degraded_loop_needs_two_minutes_and_something_that_agrees() -> None:
    watch = degraded().tell(logged(DELAYED, at=20), logged(DELAYED, at=80), at=81)
    assert watch.found("I-18") == []
    assert watch.wait_until(121).found("I-18")
    assert degraded().wait_until(599).found("I-18") == []
    assert degraded().wait_until(601).found("I-18")


def test_a_loop_that_is_well_again_is_well() -> None:
    watch = degraded().tell(logged(DELAYED, at=20), logged(DELAYED, at=80), at=130)
    assert watch.found("I-18")
    assert watch.tell(c.Health(c.EventLoop(False)), at=140).found("I-18") == []


def test_a_loop_slow_by_its_log_alone_is_not_believed() -> None:
    watch = Watch().tell(*(logged(DELAYED, at=at) for at in range(0, 300, 60)), at=300)
    assert watch.found("I-18") == []


def gone(*whys: str, url: str = "ws://127.0.0.1:18789") -> Watch:
    watch = Watch()
    watch.tell(c.LinkUp(gateway(url=url), at_ms(0)), c.Tick(at_ms(30)), at=30)
    for number, why in enumerate(whys):
        watch.tell(c.LinkDown(why), at=95 + number * 20)
    return watch


SILENT = f"the link to edge-1 ended: {NO_FRAMES}"
TIMEOUT = f"edge-1 {NO_ANSWER}."


def test_silence_over_a_loopback_link_and_again_is_critical() -> None:
    watch = gone(SILENT, TIMEOUT)
    found = watch.one("I-18")
    assert (found.severity, found.certainty, found.since_ms) == ("critical", "likely", at_ms(30))
    told = len(watch.changes)
    watch.tell(c.LinkDown(TIMEOUT), at=200)
    assert len(watch.changes) == told
    assert watch.tell(c.LinkUp(gateway(), at_ms(210)), at=210).found("I-18") == []


def test_over_a_network_it_is_only_possible() -> None:
    found = gone(SILENT, TIMEOUT, url="wss://edge.example:443").one("I-18")
    assert (found.severity, found.certainty) == ("warning", "possible")
    assert any("network" in one for one in found.ruled_out)


@pytest.mark.parametrize(
    "whys",
    [
        (SILENT,),
        (SILENT, "nothing listens at edge-1"),
        ("edge-1 is restarting", "edge-1 is draining for a stop or restart"),
        (SILENT, f"the gateway at edge-1 {ALIVE}: {TIMEOUT}"),
        ("edge-1 refused the token",) * 3,
    ],
    ids=["our own sleep", "down", "restarting", "alive", "signed out"],
)
def test_a_gateway_that_is_down_or_says_why_is_not_mute(whys: tuple[str, ...]) -> None:
    assert gone(*whys).found("I-18") == []


def test_slow_calls_in_its_log_agree_with_a_slow_loop() -> None:
    calls = [logged(f"⇄ res ✓ chat.history {took}ms conn=1", at=20) for took in (9001, 9002, 9003)]
    assert degraded().tell(*calls[:2], at=21).wait_until(130).found("I-18") == []
    found = degraded().tell(*calls, at=21).wait_until(130).one("I-18")
    assert any("chat.history" in line for line in found.evidence)


def test_a_line_that_names_its_session_needs_no_file() -> None:
    line = f"session file locked: sessionKey={KEY} pid=7 alive=false"
    assert Watch("april").tell(logged(line, at=1), at=1).one("I-17").session_key == KEY
