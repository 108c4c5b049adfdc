"""The gateway's own recovery where it has no effect, or none that anybody was told."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.logs import OUTCOME_HEAD, STALL_HEADS, Note
from clawtop.picture.records import Proof, Verdict
from clawtop.picture.recoveries import RUNNING_MS
from clawtop.picture.sessions import SessionFacts

TICK_MS = 20_000  # recovery is tried once a tick of 30 s; nearer lines are one attempt
LATER_MS = 10_000
ENDED = ("aborted", "released")


def no_effect(scene: Scene, session_key: str) -> Finding | None:
    """I-06. Recovery says that it aborted or released, frees nothing, and tries again.

    An outcome without effect released nothing and drained nothing; or it aimed at a session id
    that the session no longer has. Twice, and the queue still waits after the first.
    """
    facts, lock = scene.facts(session_key), scene.lock(session_key)
    if facts is None or (lock is not None and lock.verdict == Verdict.WAITING_APPROVAL):
        return None
    since_ms = max(scene.now_ms - scene.stale_ms, facts.ended_ms or 0, facts.answered_ms or 0)
    book = scene.store.logbook
    outcomes = _apart(book.of_session(session_key, OUTCOME_HEAD, since_ms=since_ms))
    idle = [note for note in outcomes if _freed_nothing(note)]
    rotated = [note for note in outcomes if _aims_elsewhere(note, facts)]
    tried = idle if len(idle) >= len(rotated) else rotated
    if len(tried) < 2:
        return None
    scene.again(tried[-2].at_ms + scene.stale_ms + 1)
    stuck = book.of_session(session_key, *STALL_HEADS, since_ms=tried[0].at_ms)
    waits = [note for note in stuck if (note.number("queueDepth") or 0) > 0]
    if not waits and tried is idle:
        return None
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED if tried is idle else Proof.LIKELY,
        summary="the gateway's own recovery tries again and again, and frees nothing",
        session_key=session_key,
        run_id=lock.run_id if lock else None,
        about=facts.session_id,
        since_ms=tried[0].at_ms,
        evidence=_effort(tried, waits, rotated is tried, facts),
        ruled_out=[
            "a skipped second request: these outcomes say aborted or released",
            "a healthy back-off: outcomes were logged, not only warnings that get rarer",
            "a wait for an approval: none is pending for it that clawtop can see",
        ],
        ways=[
            Way(Act.RELEASE, session_key),
            Way(Act.ADVICE, text="if its queue still waits: save the waiting texts, then reset it"),
        ],
    )


def _apart(notes: list[Note]) -> list[Note]:
    """One note an attempt: lines within one tick belong together."""
    kept: list[Note] = []
    for note in notes:
        if note.pairs.get("status") in ENDED and (
            not kept or note.at_ms - kept[-1].at_ms >= TICK_MS
        ):
            kept.append(note)
    return kept


def _freed_nothing(note: Note) -> bool:
    """The run neither went by itself (drained) nor was anything of the lane released."""
    cleared = "true" in (note.pairs.get("drained"), note.pairs.get("forceCleared"))
    return note.number("released") == 0 and not cleared


def _aims_elsewhere(note: Note, facts: SessionFacts) -> bool:
    aimed = note.pairs.get("sessionId", "unknown")
    return facts.session_id is not None and aimed not in ("unknown", facts.session_id)


def _effort(tried: list[Note], waits: list[Note], rotated: bool, facts: SessionFacts) -> list[str]:
    first, last = tried[0], tried[-1]
    lines = [
        f"{len(tried)} attempts, effect 0, the first {at(first.at_ms)}",
        f"its outcome: {quoted(first.text)}",
    ]
    if rotated:
        aimed = quoted(last.pairs.get("sessionId", "?"), 60)
        lines.append(
            f"it aims at session id {aimed}; the id is now {quoted(facts.session_id or '?', 60)}"
        )
    if waits:
        depth = waits[-1].number("queueDepth")
        lines.append(f"after that the gateway still logs it with a queue of {depth}")
    return lines


def lost(scene: Scene, name: str) -> Finding | None:
    """I-06, the graver half of a request without an outcome: no other attempt explains it.

    Only while the ring dropped nothing and was read well after the request.
    """
    ledger = scene.store.ledger
    if ledger.lost_history:
        return None
    asked = [
        (one.requested_at_ms, one.session_key)
        for one in scene.store.recoveries()
        if one.verdict == "lost" and one.requested_at_ms is not None
    ]
    found = [
        (asked_ms, key)
        for asked_ms, key in asked
        if ledger.read_ms - asked_ms > RUNNING_MS and scene.age(asked_ms) < scene.stale_ms
    ]
    for asked_ms, _ in asked:
        scene.again(asked_ms + scene.stale_ms)
    for one in scene.store.recoveries():  # the ring must be read once more after that
        asked_ms = one.requested_at_ms or 0
        if one.verdict in ("running", "lost") and scene.age(asked_ms) < scene.stale_ms:
            scene.again(max(asked_ms + RUNNING_MS, scene.now_ms) + LATER_MS)
    if not found:
        return None
    oldest_ms, key = found[-1]
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.POSSIBLE,
        summary="a recovery was requested, and its outcome never came",
        session_key=key,
        about="lost",
        since_ms=oldest_ms,
        since_is="exact",
        evidence=[
            f"requested {at(asked_ms)} for {quoted(key or 'a session the log does not name', 80)}"
            for asked_ms, key in reversed(found[-6:])
        ],
        ruled_out=[
            "a second request while one was under way: none was skipped in that minute",
            "a ring that overflowed: no record was dropped in between",
            "an attempt still running: more than a minute has passed",
            "a restart in between: the ring goes on",
        ],
        ways=[
            *([Way(Act.RELEASE, key)] if key and scene.lock(key) is not None else []),
            Way(Act.ADVICE, text="do not wait for the gateway's own recovery of that session"),
        ],
    )
