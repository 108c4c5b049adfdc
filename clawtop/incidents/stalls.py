"""Runs that hold their session and have gone silent."""

from __future__ import annotations

from msgspec import Struct

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.locks import leaked
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import holder_of, quoted
from clawtop.picture.logs import STALL_HEADS, Note
from clawtop.picture.records import Lock, Proof, Verdict
from clawtop.picture.sessions import SessionFacts
from clawtop.text import utc

FLOOR_MS = 300_000  # the gateway itself allows an abort after 300 s without progress
MODEL_REASONS = ("active_model_call_without_progress", "repeated_model_requests_without_progress")


class Silence(Struct, frozen=True):
    """How we know that a run is silent. ``note``: the gateway's first line about it."""

    since_ms: int
    certainty: Proof
    note: Note | None


def gone_quiet(scene: Scene, session_key: str) -> Finding | None:
    """I-16. A run holds its session and nothing comes from its model any more.

    The gateway logs a model call without progress; or nothing was seen of the run for
    stale-after. A leak, an approval and a provider's retry have names of their own.
    """
    lock, facts = scene.lock(session_key), scene.facts(session_key)
    if lock is None or facts is None or not _may_be_quiet(lock):
        return None
    silence = _silence(scene, lock, facts)
    if silence is None or leaked(scene, session_key) is not None:
        return None
    return Finding(
        severity=Severity.WARNING,
        certainty=silence.certainty,
        summary="its run began, and nothing has come from it for long",
        session_key=session_key,
        run_id=lock.run_id,
        about=lock.run_id or facts.session_id,
        since_ms=silence.since_ms,
        since_is=lock.idle_is if silence.note is None else "exact",
        evidence=_quiet_evidence(lock, silence),
        ruled_out=_quiet_ruled_out(silence),
        ways=[
            Way(Act.ADVICE, text="read its history first: the text may be there already"),
            Way(Act.RELEASE, session_key),
        ],
    )


def _may_be_quiet(lock: Lock) -> bool:
    """Verdicts of a live run without known reason to be silent."""
    return lock.verdict in (Verdict.STALE, Verdict.QUIET, Verdict.WORKING, Verdict.UNKNOWN)


def _silence(scene: Scene, lock: Lock, facts: SessionFacts) -> Silence | None:
    note = _model_line(scene, lock, facts)
    stale = lock.verdict == Verdict.STALE and _still_heard(scene, lock)
    if note is not None:
        silent_ms = note.seconds_ms("lastProgressAge") or note.seconds_ms("age") or 0
        began = note.at_ms - silent_ms
        scene.again(began + FLOOR_MS)
        if stale:
            return Silence(began, Proof.PROVED, note)
        long = scene.now_ms - began >= FLOOR_MS
        return Silence(began, Proof.LIKELY if long else Proof.POSSIBLE, note)
    if not stale or lock.idle_since_ms is None:
        return None
    sure = lock.idle_is == "exact" and lock.run_id is not None and not _tool(facts, scene)
    return Silence(lock.idle_since_ms, Proof.LIKELY if sure else Proof.POSSIBLE, None)


def _still_heard(scene: Scene, lock: Lock) -> bool:
    """Silence counts only for as long as we could have heard the run."""
    since = lock.idle_since_ms
    return since is not None and scene.heard_ms - since >= scene.stale_ms


def _model_line(scene: Scene, lock: Lock, facts: SessionFacts) -> Note | None:
    """The first line about a silent model of this run, as long as nothing moved after the newest.

    The first, because the ages of later ones are rounded anew each time.
    """
    moved = max(facts.progress_ms or 0, facts.ended_ms or 0, _started(lock))
    book = scene.store.logbook
    notes = book.of_session(lock.session_key, *STALL_HEADS, since_ms=moved + 1)
    if not notes or not _of_model(notes[-1]):
        return None
    return next(note for note in notes if _of_model(note))


def _of_model(note: Note) -> bool:
    reason, kind = note.pairs.get("reason"), note.pairs.get("activeWorkKind")
    if note.head != "stalled session":
        return False
    waits = reason == "active_work_without_progress" and kind == "model_call"
    return reason in MODEL_REASONS or waits


def _started(lock: Lock) -> int:
    return lock.since_ms or 0 if lock.age_is == "exact" else 0


def _tool(facts: SessionFacts, scene: Scene) -> str | None:
    """The tool that the gateway last named as at work in it."""
    notes = scene.store.logbook.of_session(facts.key, *STALL_HEADS)
    began = facts.run.started_ms if facts.run else None
    live = notes and notes[-1].at_ms > (began or 0)
    return notes[-1].pairs.get("activeTool") if live else None


def _quiet_evidence(lock: Lock, silence: Silence) -> list[str]:
    lines = [f"held by {holder_of(lock)}; nothing seen of it since {utc(silence.since_ms)}"]
    if silence.note is not None:
        reason = quoted(silence.note.pairs.get("reason", "?"), 60)
        lines.append(f"the gateway logs it as stalled since {utc(silence.note.at_ms)}: {reason}")
    return [*lines, *lock.why]


def _quiet_ruled_out(silence: Silence) -> list[str]:
    lines = ["a provider's retry: the gateway logs no such wait"]
    if silence.note is not None:
        lines.append("a slow model: its tokens would be progress, and none came")
    elif silence.certainty is Proof.POSSIBLE:
        lines.append("not ruled out: a long call of a tool, of which this gateway tells nothing")
    lines.append("a wait for an approval: none is pending for it that clawtop can see")
    return lines
