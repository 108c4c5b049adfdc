"""Reply-run locks that nobody will ever give back."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, holder_of, quoted, since
from clawtop.picture.coverage import is_september
from clawtop.picture.locks import APRIL_SLOTS
from clawtop.picture.logs import DISK_LOCK, LANE_WAIT, RUN_ACTIVE, STALL_HEADS, Note
from clawtop.picture.records import Lock, Proof, Verdict
from clawtop.picture.sessions import SessionFacts
from clawtop.text import count, utc

APART_MS = 120_000  # two refusals this far apart are no race
TICKS_MS = 95_000  # lines about a stuck session come every 30 s at first, then ever more rarely
OWNERLESS = frozenset(
    {
        "queued_work_without_active_run",
        "stale_session_state",
        "queued_behind_terminal_active_work",
        "processing_with_queued_work",
        "processing_without_queue",
    }
)


def leaked(scene: Scene, session_key: str) -> Finding | None:
    """I-05, where the session can be named.

    Proved: the gateway refused a run of it twice, two minutes apart, because one is "active".
    Proved, too: its entry stands in the gateway's own registry, and nobody is at work for it.
    Likely: held, no run named for it, and nothing written for longer than preparing takes
    (September); or logged as stuck without a run while a lock is counted that fits no session
    (April).
    """
    lock, facts = scene.lock(session_key), scene.facts(session_key)
    if facts is None or _explained(lock):
        return None
    refused = _refused(scene, session_key, facts)
    stuck = _logged_stuck(scene, session_key, facts)
    began: int | None
    if refused:
        proof, began = Proof.PROVED, refused[0].at_ms
    elif lock is not None and lock.verdict == Verdict.LEAKED:
        proof, began = Proof(lock.proof), _told_since(scene, facts)
    elif stuck is not None:
        proof, began = Proof.LIKELY, _stuck_since(stuck)
    else:
        return None
    began = min([time for time in (began, lock.since_ms if lock else None) if time], default=None)
    if began is not None:
        scene.again(began + scene.stale_ms)
    old = began is not None and scene.now_ms - began >= scene.stale_ms
    exact = lock is not None and lock.age_is == "exact" and began == lock.since_ms
    return Finding(
        severity=Severity.CRITICAL if old else Severity.WARNING,
        certainty=proof,
        summary="it is held and no run will give it back: messages to it stay unanswered",
        session_key=session_key,
        run_id=lock.run_id if lock else None,
        about=facts.session_id,
        since_ms=began,
        since_is="exact" if exact else "at_least",
        evidence=_leak_evidence(scene, facts, lock, refused, stuck),
        ruled_out=_leak_ruled_out(scene, facts, lock),
        ways=_leak_ways(scene, lock, session_key),
    )


def _explained(lock: Lock | None) -> bool:
    """A live run, an approval, an abort under way: none of these is a leak."""
    return lock is not None and lock.verdict in (
        Verdict.WAITING_APPROVAL,
        Verdict.WAITING_RETRY,
        Verdict.WORKING,
        Verdict.ABORTING,
    )


def _refused(scene: Scene, key: str, facts: SessionFacts) -> list[Note]:
    """Refusals because a run is "active", since the session last answered, far enough apart."""
    after = max(facts.answered_ms or 0, facts.ended_ms or 0)
    notes = scene.store.logbook.of_session(key, RUN_ACTIVE, since_ms=after + 1)
    if len(notes) < 2 or notes[-1].at_ms - notes[0].at_ms < APART_MS:
        return []
    scene.again(notes[-1].at_ms + 2 * scene.stale_ms)
    live = facts.run is not None and facts.run.via == "agent"
    return [] if live or scene.age(notes[-1].at_ms) >= 2 * scene.stale_ms else notes


def _logged_stuck(scene: Scene, key: str, facts: SessionFacts) -> Note | None:
    """A line that calls it stuck without a run, while a lock is counted that fits no session, or
    while the session is held by nothing but a message that waits."""
    if facts.run is not None or not _unowned(scene, key):
        return None
    notes = scene.store.logbook.of_session(key, *STALL_HEADS)
    if not notes:
        return None
    newest = notes[-1]
    lasts = max(TICKS_MS, scene.stale_ms)
    scene.again(newest.at_ms + lasts)
    fits = newest.pairs.get("reason") in OWNERLESS or _runs_for_nobody(scene, newest, key)
    fresh = scene.age(newest.at_ms) < lasts and newest.at_ms > (facts.ended_ms or 0)
    return newest if fits and fresh else None


def _unowned(scene: Scene, key: str) -> bool:
    lock = scene.lock(key)
    if lock is not None and lock.run_id is None and not lock.row_running:
        return lock.verdict != Verdict.GHOST
    return bool(scene.store.held.anonymous.number())


def _runs_for_nobody(scene: Scene, note: Note, key: str) -> bool:
    """Logged as a run that was started and never did anything, of a session whose row does not
    run: how 2026.5.28 logs an orphaned lock with a message behind it (measured)."""
    lock = scene.lock(key)
    started = note.pairs.get("lastProgress") == "embedded_run:started"
    silent = note.pairs.get("reason") == "active_work_without_progress"
    return started and silent and (lock is None or not lock.row_running)


def _told_since(scene: Scene, facts: SessionFacts) -> int | None:
    """Since when it is silent by the gateway's own first line about it; None without one."""
    ended_ms = facts.ended_ms or 0
    notes = scene.store.logbook.of_session(facts.key, *STALL_HEADS, since_ms=ended_ms + 1)
    mine = [note for note in notes if _runs_for_nobody(scene, note, facts.key)]
    return _stuck_since(mine[0]) if mine else None


def _stuck_since(note: Note) -> int:
    """The start of its silence; each new message sets the session's age back, not this."""
    ages = (note.seconds_ms("lastProgressAge"), note.seconds_ms("age"))
    return note.at_ms - max(age or 0 for age in ages)


def _leak_evidence(
    scene: Scene,
    facts: SessionFacts,
    lock: Lock | None,
    refused: list[Note],
    stuck: Note | None,
) -> list[str]:
    lines = []
    if lock is not None:
        lines.append(f"held by {holder_of(lock)}, {since(lock.since_ms)}")
        lines += lock.why if lock.verdict == Verdict.LEAKED else lock.why[:1]
    if refused:
        first, last = refused[0], refused[-1]
        lines.append(
            f"the gateway refused a run of it {at(first.at_ms)} and again {at(last.at_ms)}:"
            f" {quoted(last.text)}"
        )
    if stuck is not None:
        lines.append(f"the gateway logs it as stuck without a run since {utc(_stuck_since(stuck))}")
        number = scene.store.held.anonymous.number()
        if number:
            lines.append(f"{count(number, 'lock')} counted that no session can be named for")
    waiting = [item for item in facts.pending if item.state == "queued"]
    behind = max(len(waiting), (lock.waiting or 0) if lock is not None else 0)
    if behind:
        began = f", the first known {at(waiting[0].accepted_at)}" if waiting else ""
        least = "at least " if lock is not None and lock.waiting_is == "at_least" else ""
        lines.append(f"waiting behind it: {least}{count(behind, 'message')}{began}")
    sibling = _sibling(scene, facts)
    if sibling is not None:
        lines.append(f"{quoted(sibling.key, 80)} on the same channel has finished runs meanwhile")
    return lines


def _sibling(scene: Scene, facts: SessionFacts) -> SessionFacts | None:
    """Another session of the same channel that finished while we watched: the channel is well.

    Always the same one of them, so that the evidence does not change with every run.
    """
    if not facts.channel:
        return None
    fresh = [
        one
        for one in scene.store.held.sessions.values()
        if one is not facts and one.channel == facts.channel and one.ended_ms
    ]
    return min(fresh, key=lambda one: one.key, default=None)


def _leak_ruled_out(scene: Scene, facts: SessionFacts, lock: Lock | None) -> list[str]:
    if lock is not None and lock.token is not None:
        lines = ["a live owner: no task of its session lane and no run belongs to it"]
    else:
        lines = ["a long healthy run: no run is named and none was seen at work"]
    lines.append("a wait for an approval: none is pending for it that clawtop can see")
    if not scene.store.logbook.of_session(facts.key, DISK_LOCK):
        lines.append("a lock file on disk: no such line is in the log")
    if facts.tells_pending:
        lines.append("a run being prepared: that touches the row, and takes tens of seconds")
    return lines


def _leak_ways(scene: Scene, lock: Lock | None, key: str) -> list[Way]:
    restart = "a restart of the gateway frees it; look first at what that would interrupt"
    if lock is not None and lock.verdict != Verdict.GHOST:
        return [Way(Act.RELEASE, key), Way(Act.ADVICE, text=restart)]
    wait = "with a message waiting the gateway's own recovery may act after six minutes of silence"
    return [Way(Act.ADVICE, text=wait), Way(Act.ADVICE, text=restart)]


def unnamed(scene: Scene, name: str) -> Finding | None:
    """I-05, where no session can be named: a lock is counted that fits none, for stale-after.

    It proves that something is held, not what: ``possible``.
    """
    anonymous = scene.store.held.anonymous
    number, began = anonymous.number(), anonymous.since_ms
    if not number or began is None or not scene.store.link_up:
        return None
    scene.again(began + scene.stale_ms)
    if scene.now_ms - began < scene.stale_ms or _named(scene) >= number or _slots_short(scene):
        return None
    latest = anonymous.latest
    counted = latest.embedded if latest else number
    return Finding(
        severity=Severity.CRITICAL,
        certainty=Proof.POSSIBLE,
        summary=f"{count(number, 'lock')} held that no session can be named for",
        about="unnamed",
        since_ms=began,
        evidence=[
            f"the gateway counts {counted} embedded runs and locks since {utc(began)}"
            f" and at least {number} of them fit no session that clawtop sees",
        ],
        ruled_out=[
            "first turns that are counted twice: they are allowed for",
            "runs that wait for a slot of a lane: none waited lately",
        ],
        ways=[
            Way(Act.ADVICE, text="look for a session that got messages and gave no answer"),
            Way(Act.ADVICE, text="only a restart frees what cannot be named from outside"),
        ],
    )


def _slots_short(scene: Scene) -> bool:
    """Runs waited for a slot of a lane lately, or may do so now. On early gateways each of them is
    counted, and the row of a channel's session shows nothing of it."""
    if scene.store.facts is not None and is_september(scene.store.facts):
        return False
    waits = scene.store.logbook.of_head(LANE_WAIT, since_ms=scene.now_ms - scene.stale_ms)
    if waits:
        scene.again(waits[-1].at_ms + scene.stale_ms + 1)
        return True
    running = sum(lock.row_running for lock in scene.store.held.locks.values())
    return running >= APRIL_SLOTS


def _named(scene: Scene) -> int:
    """How many of the unnamed ones the log gives a name to."""
    if scene.store.facts is not None and is_september(scene.store.facts):
        return 0
    keys = list(scene.store.logbook.sessions())
    found = [scene.facts(key) for key in keys]
    return sum(
        1
        for facts in found
        if facts is not None and _logged_stuck(scene, facts.key, facts) is not None
    )
