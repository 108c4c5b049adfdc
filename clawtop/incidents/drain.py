"""Restarts: a drain that never ends, and replies that a restart throws away."""

from __future__ import annotations

import re

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.logs import DRAIN_BLOCKED, DRAINING, REPLY_DRAIN, Note
from clawtop.picture.records import Proof
from clawtop.text import utc

BLOCKED_APART_MS = 30_000  # a lane's pump may meet itself for a moment
GAP_MS = 120_000  # refusals of one drain follow each other within this
SHOWN_MS = 1_800_000  # somebody got no answer: worth half an hour
_LOST = re.compile(r"(\d{1,6}) (pending reply|active run|queued turn)")


def endless(scene: Scene, name: str) -> Finding | None:
    """I-19. A lane that waits to drain although nothing runs in it; or work refused because of a
    restart for longer than stale-after while nothing is left to wait for."""
    blocked, refused = _blocked(scene), _refused(scene)
    notes = blocked or refused
    if not notes:
        return None
    lane = notes[0].pairs.get("lane")
    ways = [Way(Act.ADVICE, text="a restart of the gateway: nothing else clears the flag")]
    if refused and not blocked:
        ways.insert(0, Way(Act.ADVICE, text="wait for the rest of the drain budget"))
    return Finding(
        severity=Severity.CRITICAL,
        certainty=Proof.PROVED if blocked else Proof.LIKELY,
        summary="it drains and never ends: queued work does not start",
        about=lane or "gateway",
        since_ms=notes[0].at_ms,
        evidence=[
            f"logged {at(notes[0].at_ms)} and again since: {quoted(notes[0].text)}",
            "nothing runs that it could wait for",
        ],
        ruled_out=[
            "a real drain: its running work falls; here none is running",
            "a moment of a busy lane: it was logged again",
            "a finished restart: the gateway's refusals follow each other without a pause",
        ],
        ways=ways,
    )


def _blocked(scene: Scene) -> list[Note]:
    """Lines of one lane, none of whose work ran in between."""
    since_ms = scene.now_ms - scene.stale_ms
    by_lane: dict[str, list[Note]] = {}
    for note in scene.store.logbook.of_head(DRAIN_BLOCKED, since_ms=since_ms):
        if note.number("active") == 0:
            by_lane.setdefault(note.pairs.get("lane", "?"), []).append(note)
    for lane, notes in by_lane.items():
        moved = max(
            (one.at_ms for one in scene.store.lane_book.samples(lane) if one.active), default=0
        )
        notes = [note for note in notes if note.at_ms > moved]
        if notes and notes[-1].at_ms - notes[0].at_ms >= BLOCKED_APART_MS:
            scene.again(notes[-1].at_ms + scene.stale_ms + 1)
            return notes
    return []


def _refused(scene: Scene) -> list[Note]:
    """Refusals of one drain, if it lasts too long and nothing runs any more."""
    chain: list[Note] = []
    for note in scene.store.logbook.of_head(DRAINING):
        if chain and note.at_ms - chain[-1].at_ms > GAP_MS:
            chain = []
        chain.append(note)
    if not chain or chain[-1].at_ms - chain[0].at_ms < scene.stale_ms:
        return []
    scene.again(chain[-1].at_ms + GAP_MS + 1)
    over = scene.age(chain[-1].at_ms) > GAP_MS
    return [] if over or _runs(scene) is not False else chain


def _runs(scene: Scene) -> bool | None:
    """Whether anything runs; None where nobody counts."""
    counted = scene.store.held.anonymous.latest
    lanes = scene.store.lanes.values()
    if counted is None and not lanes:
        return None
    return bool(counted and counted.embedded) or any(lane.active for lane in lanes)


def replies_lost(scene: Scene, name: str) -> Finding | None:
    """I-20. A restart went on although replies were still pending, and says so itself.

    A forced restart of an idle gateway loses nothing.
    """
    since_ms = scene.now_ms - SHOWN_MS
    notes = scene.store.logbook.of_head(REPLY_DRAIN, since_ms=since_ms)
    counted = [note for note in notes if _lost(note)]
    if not counted:
        return None
    note = counted[-1]
    scene.again(note.at_ms + SHOWN_MS + 1)
    forced = any("forced restart" in one.text for one in notes)
    return Finding(
        severity=Severity.CRITICAL,
        certainty=Proof.PROVED,
        summary=f"a restart threw away {_lost(note)}",
        about=utc(note.at_ms),
        since_ms=note.at_ms,
        since_is="exact",
        evidence=[
            f"logged {at(note.at_ms)}: {quoted(note.text)}",
            *(["it was forced: no work was waited for"] if forced else []),
        ],
        ruled_out=["a restart of an idle gateway: the line counts what was still pending"],
        ways=[
            Way(Act.ADVICE, text="find who wrote just before and got nothing, and answer by hand"),
            Way(Act.ADVICE, text="next time look first (preflight names them), and never force"),
        ],
    )


def _lost(note: Note) -> str:
    """What the line counts as thrown away; empty when it counts nothing."""
    found = [f"{number} {what}" for number, what in _LOST.findall(note.text) if int(number)]
    return ", ".join(found)
