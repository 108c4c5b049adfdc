"""Session rows that say what is not so, and sessions that two owners pull at."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.coverage import is_september
from clawtop.picture.logs import TAKEOVER, WORK_CHANGED, Note
from clawtop.picture.records import Proof, Verdict
from clawtop.picture.sessions import SessionFacts
from clawtop.text import utc

APART_MS = 30_000  # refusals nearer than this are one race
TOMBSTONED = "tombstoned"
CONFLICTS = 2


def ghost(scene: Scene, session_key: str) -> Finding | None:
    """I-11. The row says running, nothing holds the session, and nothing was written for long.

    A channel run of early gateways looks the same: only the count of embedded runs tells.
    """
    lock, facts = scene.lock(session_key), scene.facts(session_key)
    if lock is None or facts is None or lock.verdict != Verdict.GHOST:
        return None
    notes = scene.store.logbook.of_session(session_key)
    newest = max(facts.written_ms, facts.progress_ms or 0, notes[-1].at_ms if notes else 0)
    began = newest or facts.first_held_ms or scene.now_ms
    scene.again(began + scene.stale_ms)
    if facts.restart_status == TOMBSTONED or scene.heard_ms - began < scene.stale_ms:
        return None
    counted = scene.store.held.anonymous.latest
    none_at_all = counted is not None and counted.embedded == 0
    registry = scene.store.held.registry.read_ms is not None
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED if none_at_all or registry else Proof.LIKELY,
        summary="its row says running, and no run is there",
        session_key=session_key,
        about=facts.session_id,
        since_ms=began,
        evidence=[
            *lock.why,
            f"nothing was written to it since {utc(began)}",
            *([] if registry and not none_at_all else [_counted(none_at_all)]),
        ],
        ruled_out=[
            "a run of a channel: the gateway's count would include it",
            "a lock that was leaked: the count would include that too",
        ],
        ways=[
            Way(Act.ADVICE, text="it harms nobody by itself; the next message often repairs it"),
            Way(Act.ADVICE, text="look whether heartbeats of its agent are skipped because of it"),
        ],
    )


def _counted(none_at_all: bool) -> str:
    return "the gateway counts no run at all" if none_at_all else "all counted runs fit others"


def interrupted(scene: Scene, session_key: str) -> Finding | None:
    """I-12. A restart came before a stop was written: the session takes no work any more."""
    facts = scene.facts(session_key)
    if facts is None:
        return None
    marked = facts.restart_status == TOMBSTONED
    refused = _refused_work(scene, facts)
    if not marked and not refused:
        return None
    later = scene.store.facts is not None and is_september(scene.store.facts)
    recover = "the gateway's sessions.recover keeps key and transcript (its web interface has it)"
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED if marked else Proof.LIKELY,
        summary="a restart interrupted it, and it takes no new work",
        session_key=session_key,
        about=facts.session_id,
        since_ms=refused[0].at_ms if refused else None,
        evidence=[
            *(["its row is marked as tombstoned by a restart"] if marked else []),
            *(_refusals(refused) if refused else []),
        ],
        ruled_out=["one start that met another change: it was refused again, on every try"]
        if refused
        else ["a row that only looks busy: the gateway itself set the mark"],
        ways=[
            Way(Act.ADVICE, text=recover if later else "only a new session helps on this gateway"),
            Way(Act.ADVICE, text="next time wait until a stop is written before a restart"),
        ],
    )


def _refused_work(scene: Scene, facts: SessionFacts) -> list[Note]:
    """Starts refused because the session "changed", apart in time, and none that worked since."""
    worked = max(facts.answered_ms or 0, facts.ended_ms or 0, facts.progress_ms or 0)
    since_ms = max(worked + 1, scene.now_ms - scene.stale_ms)
    notes = scene.store.logbook.of_session(facts.key, WORK_CHANGED, since_ms=since_ms)
    if len(notes) < CONFLICTS or notes[-1].at_ms - notes[0].at_ms < APART_MS:
        return []
    scene.again(notes[-2].at_ms + scene.stale_ms + 1)
    return notes


def _refusals(notes: list[Note]) -> list[str]:
    first = f"refused {at(notes[0].at_ms)} and ever since: {quoted(notes[0].text)}"
    return [first, "no run of it has worked in between"]


def taken_over(scene: Scene, session_key: str) -> Finding | None:
    """I-13. Another owner wrote the session while a run of it was between two steps."""
    since_ms = scene.now_ms - scene.stale_ms
    notes = scene.store.logbook.of_session(session_key, TAKEOVER, since_ms=since_ms)
    if len(notes) < CONFLICTS or scene.facts(session_key) is None:
        return None
    scene.again(notes[-2].at_ms + scene.stale_ms + 1)
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.LIKELY,
        summary="two owners write this session at once",
        session_key=session_key,
        about="takeover",
        since_ms=notes[0].at_ms,
        evidence=[f"first {at(notes[0].at_ms)}: {quoted(notes[0].text)}", "and again after that"],
        ruled_out=[
            "one conflict that the gateway tries again by itself: there were more",
            "a lock file on disk: that has a line of its own",
            "not ruled out: two gateways on one state folder",
        ],
        ways=[Way(Act.ADVICE, text="let the newer owner finish; do not abort both")],
    )
