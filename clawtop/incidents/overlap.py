"""Two runs where there may be one: in one session, or in a lane beyond its limit."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import listed, quoted
from clawtop.picture.records import Proof
from clawtop.picture.sessions import SessionFacts
from clawtop.text import count

SIDE_BY_SIDE_MS = 5_000
TURNS = 3
LOOKS = 3
NO_LIMIT = frozenset({"background"})  # counts work that no lane limits


def two_runs(scene: Scene, session_key: str) -> Finding | None:
    """I-21. Two runs of one session at once: seen at work by turns, or listed and both started."""
    facts = scene.facts(session_key)
    if facts is None:
        return None
    seen, listed_ids = _side_by_side(scene, facts), _listed(scene, facts)
    runs = seen or listed_ids
    if len(runs) < 2:
        return None
    overlap = facts.overlap if seen else None
    how = "both were seen at work by turns" if seen else "the row lists both, and both started"
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.LIKELY if seen else Proof.PROVED,
        summary="two runs work in one session at the same time",
        session_key=session_key,
        about="+".join(runs),
        since_ms=overlap.since_ms if overlap else None,
        evidence=[f"runs {listed(list(runs))}", how],
        ruled_out=[
            "a child's run: that has a session key of its own",
            "a message that waits: it was not seen to start",
        ],
        ways=[
            Way(Act.ADVICE, text="abort the newer one, and only that, by its run id"),
            Way(Act.RELEASE, session_key),
        ],
    )


def _side_by_side(scene: Scene, facts: SessionFacts) -> tuple[str, ...]:
    over = facts.overlap
    if over is None or over.turns < TURNS or over.last_ms - over.since_ms < SIDE_BY_SIDE_MS:
        return ()
    scene.again(over.last_ms + scene.stale_ms)
    return tuple(sorted(over.runs)) if scene.age(over.last_ms) < scene.stale_ms else ()


def _listed(scene: Scene, facts: SessionFacts) -> tuple[str, ...]:
    waiting = {item.run_id for item in facts.pending}
    return tuple(
        run_id
        for run_id in facts.active_run_ids or ()
        if run_id not in waiting and scene.store.held.key_of_run(run_id) == facts.key
    )


def over_cap(scene: Scene, lane: str) -> Finding | None:
    """I-21, in a lane: more runs at once than it allows, over several looks."""
    looks = scene.store.lane_book.samples(lane)[-LOOKS:]
    over = [one for one in looks if one.max and one.active > one.max]
    if lane in NO_LIMIT or len(over) < LOOKS:
        return None
    limit = over[-1].max or 0
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.LIKELY,
        summary=f"more runs are at work in lane {quoted(lane, 40)} than it allows",
        about=lane,
        evidence=[f"it allows {count(limit, 'run')}, and more ran at each of {LOOKS} looks"],
        ruled_out=[
            "a lane that is only full: it is beyond its limit",
            "one odd look: it was so at every one",
            "not ruled out: its limit was lowered while they ran",
        ],
        ways=[Way(Act.ADVICE, text="abort the newest run in it, and only that, by its run id")],
    )
