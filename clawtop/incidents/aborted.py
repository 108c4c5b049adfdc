"""Healthy work that the gateway's own recovery put an end to."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.logs import ATTEMPT, STALL_HEADS, Note
from clawtop.picture.records import Proof
from clawtop.picture.sessions import SessionFacts
from clawtop.text import utc

NEAR_MS = 60_000  # the line that led to an abort is at most two ticks old
FRESH_MS = 30_000  # work this short before an abort was no silence
OWNED_WAITS = ("provider_retry_wait", "runtime_owned_wait", "human_input_wait")


def healthy_aborted(scene: Scene, session_key: str) -> Finding | None:
    """I-07. Recovery aborted a run that had just made progress, or that waited on purpose."""
    facts = scene.facts(session_key)
    since_ms = scene.now_ms - scene.stale_ms
    notes = scene.store.logbook.of_session(session_key, ATTEMPT, since_ms=since_ms)
    for note in reversed(notes):
        if note.pairs.get("action") != "abort_embedded_run" or note.pairs.get("aborted") != "true":
            continue
        why = _was_at_work(scene, session_key, note, facts)
        if why is None:
            continue
        scene.again(note.at_ms + scene.stale_ms + 1)
        return Finding(
            severity=Severity.WARNING,
            certainty=Proof.LIKELY,
            summary="recovery aborted a run that was at work",
            session_key=session_key,
            about=utc(note.at_ms),
            since_ms=note.at_ms,
            since_is="exact",
            evidence=[f"aborted {at(note.at_ms)}: {quoted(note.text)}", why],
            ruled_out=["a run that hung: its last progress is much younger than its age"],
            ways=[
                Way(Act.ADVICE, text="do not act again; ask for the same once more"),
                Way(Act.ADVICE, text="if such work lasts long here, give it longer limits"),
            ],
        )
    return None


def _was_at_work(scene: Scene, key: str, abort: Note, facts: SessionFacts | None) -> str | None:
    """Why the aborted run was healthy; None for one that hung."""
    age_ms = abort.seconds_ms("age") or 0
    fresh_ms = min(FRESH_MS, age_ms // 2)
    book = scene.store.logbook
    said = book.of_session(key, *STALL_HEADS, since_ms=abort.at_ms - NEAR_MS)
    before = [note for note in said if note.at_ms <= abort.at_ms]
    last = before[-1] if before else None
    if last is not None:
        silent_ms = last.seconds_ms("lastProgressAge")
        if silent_ms is not None and silent_ms < fresh_ms:
            what = quoted(last.pairs.get("lastProgress", "something"), 60)
            return f"the gateway saw progress at {utc(last.at_ms - silent_ms)} ({what})"
        if last.pairs.get("reason") in OWNED_WAITS:
            return f"the gateway knew that it waits: {quoted(last.pairs['reason'], 40)}"
        if last.head == "long-running session":
            return "the gateway itself called it long-running, not stuck"
    worked = facts.worked_ms if facts is not None and _ended_by(abort, facts) else None
    if worked is not None and 0 <= abort.at_ms - worked < fresh_ms:
        return f"clawtop saw its run at work at {utc(worked)}"
    return None


def _ended_by(abort: Note, facts: SessionFacts) -> bool:
    return facts.ended_ms is not None and abs(facts.ended_ms - abort.at_ms) <= FRESH_MS
