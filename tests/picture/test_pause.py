"""What may be said of a pause of our own: only what the start of the gateway's process allows."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from clawtop.picture import changes as c
from clawtop.picture.document import document
from clawtop.picture.pause import Act, Pause, PauseKnown
from tests.picture.builders import T0, Picture, at_ms, gateway

UP_MS = 1_000_000  # of the gateway of these tests, when it greeted at T0
URL = "ws://127.0.0.1:18789"


def pause(act: Act = Act.PAUSED, *, at: float = 10, **more: Any) -> Pause:
    told: dict[str, Any] = {
        "paused_at_ms": at_ms(at),
        "boot_id": "boot-1",
        "started_ms": T0 - UP_MS,
    }
    return Pause(act, at_ms(at), "ada@desk", "edge-1", URL, **told | more)


def after(pause: Pause, generation: str = "september", **facts: Any) -> Picture:
    """A later look, ten hours on, at a gateway that greets with these facts."""
    picture = Picture(generation)
    told = {"uptime_ms": UP_MS + 36_000_000} | facts
    picture.tell(c.LinkUp(gateway(generation, **told), at_ms(36_000)), at=36_000)
    return picture.tell(PauseKnown(pause), at=36_000)


APRIL = {"boot_id": None}
HOUR = 3_600_000
CASES = [
    ("september", {}, {}, "paused_by_us", False, "the same boot"),
    ("september", {"boot_id": "boot-2"}, {}, "paused_by_us", False, "restarted inside its process"),
    ("april", {}, APRIL, "paused_by_us", False, "the same process"),
    ("september", {"uptime_ms": HOUR}, {}, "paused_by_us", False, "its host slept"),
    ("september", {"boot_id": "boot-2", "uptime_ms": HOUR}, {}, "unknown", False, "a new process"),
    ("september", {"boot_id": "boot-2", "uptime_ms": 9}, {}, "unknown", False, "just started"),
    ("april", {"uptime_ms": 9}, APRIL, "unknown", False, "its uptime went back"),
    ("april", {"uptime_ms": HOUR}, APRIL, "unknown", True, "a new process, or its host slept"),
    ("april", {"uptime_ms": None}, APRIL, "unknown", True, "no uptime told"),
    ("april", {}, APRIL | {"started_ms": None}, "unknown", True, "no start kept"),
    ("september", {"boot_id": "boot-2", "uptime_ms": None}, {}, "unknown", True, "no uptime"),
    ("september", {"url": "ws://other:1"}, {}, "unknown", True, "another address"),
]


@pytest.mark.parametrize(
    ("generation", "facts", "kept", "state", "possible"),
    [case[:5] for case in CASES],
    ids=[case[5] for case in CASES],
)
def test_a_pause_holds_as_long_as_the_process_that_was_told(
    generation: str, facts: dict[str, Any], kept: dict[str, Any], state: str, possible: bool
) -> None:
    switch = after(pause(**kept), generation, **facts).store.switch
    assert (switch.state, switch.possible) == (state, possible)
    assert switch.reminds is (possible or state == "paused_by_us")
    assert "clawtop paused heartbeats at 20" in switch.why
    if possible:
        assert "restarted since is not known" in switch.why


ACTS = [
    (Act.PAUSED, "paused_by_us", True, "clawtop paused"),
    (Act.PAUSE_ASKED, "unknown", True, "no answer came: they may be off"),
    (Act.RESUME_ASKED, "unknown", True, "they may still be off"),
    (Act.RESUMED, "unknown", False, "no gateway tells"),
]


@pytest.mark.parametrize(("act", "state", "reminds", "why"), ACTS, ids=[str(a[0]) for a in ACTS])
def test_what_was_not_answered_is_not_known(act: Act, state: str, reminds: bool, why: str) -> None:
    switch = after(pause(act)).store.switch
    assert (switch.state, switch.reminds) == (state, reminds)
    assert why in switch.why


def test_a_resume_of_what_was_never_paused_reminds_of_nothing() -> None:
    switch = after(pause(Act.RESUME_ASKED, paused_at_ms=None)).store.switch
    assert (switch.state, switch.reminds) == ("unknown", False)


BEATS = [
    ({"ts": at_ms(60), "status": "ok-token", "duration_ms": 3_000}, True),
    ({"ts": at_ms(60), "status": "skipped", "reason": "no-route"}, True),
    ({"ts": at_ms(60), "status": "failed", "duration_ms": 3_000}, True),
    ({"ts": at_ms(60), "status": "ok-token", "duration_ms": 55_000}, False),
    ({"ts": at_ms(60), "status": "ok-token"}, False),
    ({"ts": at_ms(9), "status": "ok-token", "duration_ms": 3_000}, False),
]


@pytest.mark.parametrize(("beat", "disproves"), BEATS)
def test_only_a_heartbeat_that_began_later_proves_that_somebody_resumed_them(
    beat: dict[str, Any], disproves: bool
) -> None:
    picture = after(pause()).tell(c.HeartbeatSeen(**beat), at=36_001)
    assert (picture.store.switch.state == "unknown") is disproves
    assert ("somebody resumed them" in picture.store.switch.why) is disproves
    assert picture.store.switch.reminds is not disproves


def test_the_document_says_since_when_only_where_that_is_sure() -> None:
    sure = document(after(pause()).store)["heartbeats"]
    assert (sure["state"], sure["paused_at_ms"]) == ("paused_by_us", at_ms(10))
    assert (sure["perhaps_since_ms"], sure["paused_by"]) == (None, "ada@desk")
    doubt = document(after(pause(Act.PAUSE_ASKED)).store)["heartbeats"]
    assert (doubt["state"], doubt["paused_at_ms"]) == ("unknown", None)
    assert doubt["perhaps_since_ms"] == at_ms(10)
    none = document(Picture().store)["heartbeats"]
    assert (none["state"], none["paused_at_ms"], none["perhaps_since_ms"]) == (
        "unknown",
        None,
        None,
    )


def test_what_cannot_be_read_is_no_pause_and_no_calm() -> None:
    picture = Picture().tell(PauseKnown(None, "the file is broken"))
    assert picture.store.switch.state == "unknown"
    assert "the file is broken" in picture.store.switch.why


def test_frames_that_were_missed_do_not_make_the_process_younger() -> None:
    picture = Picture().tell(PauseKnown(structs.replace(pause(), boot_id=None)), at=20)
    before = picture.store.started_ms
    picture.tell(c.Missed(3), at=5_000)
    assert picture.store.started_ms == before
    assert picture.store.switch.state == "paused_by_us"
