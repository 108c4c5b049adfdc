"""Approvals: one intent that asks again and again, and sessions that wait for a human."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.approvals import Ask
from clawtop.picture.logs import ATTEMPT, FAILOVER, FOLLOWUP_FAILED, STALL_HEADS
from clawtop.picture.records import Approval, Proof, Verdict
from clawtop.text import count, utc

COPIES = 3  # equal requests within stale-after
MANY = 10
GROWING_MS = 60_000
WAITER_MS = 300_000  # somebody waits behind the session that waits for an answer
ALLOWED = ("allow-once", "allow-always")


def cascade(scene: Scene, group: str) -> Finding | None:
    """I-01. The same request at least three times within stale-after, none of them allowed.

    Equal means equal to the letter (agent, session, host, cwd, command): lawful work with other
    arguments makes other groups. Requests that were denied in between count: a run that asks
    again after each denial has one pending at a time.
    """
    backlog = scene.store.backlog
    if backlog.asked(group) < COPIES:
        return None
    first = backlog.latest(group)
    if first is None:
        return None
    pending = {one.id for one in backlog.group(group)}
    copies = _within(scene, _unanswered(backlog.asks(group)), pending)
    if len(copies) < COPIES or (not pending and _over(scene, first, copies)):
        return None
    signs = _signs(scene, first, copies)
    growing = _growing(scene, copies)
    worst = bool(signs) or growing or len(copies) >= MANY
    runs = {ask.run_id for ask in copies if ask.run_id}
    return Finding(
        severity=Severity.CRITICAL if worst else Severity.WARNING,
        certainty=Proof.PROVED if signs else Proof.LIKELY,
        summary=f"the same command is asked for {len(copies)} times: {quoted(first.wanted, 60)}",
        session_key=first.session_key,
        run_id=runs.pop() if len(runs) == 1 else None,
        about=group,
        since_ms=copies[0].at_ms or None,
        since_is="exact",
        evidence=_cascade_evidence(first, copies, len(pending), growing) + signs,
        ruled_out=[
            "repeated lawful work: agent, session, host, folder and command are exactly equal",
            "one approval shown several times: the ids differ",
            "an allowance that does not stick: none of them was allowed",
        ],
        ways=_cascade_ways(first, len(pending)),
    )


def _unanswered(asks: list[Ask]) -> list[Ask]:
    return [ask for ask in asks if ask.decision not in ALLOWED]


def _within(scene: Scene, asks: list[Ask], pending: set[str]) -> list[Ask]:
    """The copies of the newest burst: asked within stale-after of each other, still of interest."""
    if not asks:
        return []
    window = scene.stale_ms
    best: list[Ask] = []
    begin = waiting = 0
    for end, ask in enumerate(asks):
        waiting += ask.id in pending
        while ask.at_ms - asks[begin].at_ms > window:
            waiting -= asks[begin].id in pending
            begin += 1
        live = waiting >= 2 or scene.now_ms - ask.at_ms <= window
        if live and end - begin + 1 >= len(best):
            best = asks[begin : end + 1]
    if best:
        scene.again(best[-1].at_ms + window + 1)
    return best


def _over(scene: Scene, first: Approval, copies: list[Ask]) -> bool:
    """Nobody has asked again for a while: a run that does not take no asks within a second."""
    facts = scene.facts(first.session_key) if first.session_key else None
    quiet_ms = max(copies[-1].at_ms, facts.waited_ms if facts is not None else 0)
    scene.again(quiet_ms + GROWING_MS + 1)
    return scene.now_ms - quiet_ms > GROWING_MS


def _growing(scene: Scene, copies: list[Ask]) -> bool:
    """A copy came within the last minute, after there were three already."""
    newest = copies[-1].at_ms
    scene.again(newest + GROWING_MS + 1)
    return len(copies) > COPIES and scene.now_ms - newest <= GROWING_MS


def _signs(scene: Scene, first: Approval, copies: list[Ask]) -> list[str]:
    """Log lines that make it more than a burst: the session is stuck, or its run fails over."""
    book, begin = scene.store.logbook, copies[0].at_ms - scene.stale_ms
    found = []
    if first.session_key:
        stuck = book.of_session(first.session_key, *STALL_HEADS, since_ms=begin)
        found += [f"the gateway logged {note.head} for it {at(note.at_ms)}" for note in stuck[:1]]
    runs = {ask.run_id for ask in copies if ask.run_id}
    for note in book.of_head(FAILOVER, since_ms=begin):
        if note.run_id in runs or (first.session_key and note.session_key == first.session_key):
            why = note.pairs.get("failoverReason") or note.pairs.get("reason") or "unknown reason"
            found.append(f"its model failed over {at(note.at_ms)} ({quoted(why, 40)})")
            break
    failed = book.of_head(FOLLOWUP_FAILED, since_ms=begin)
    if found and failed:
        lines = count(len(failed), "line")
        found.append(f"{lines} about approval follow-ups that could not be sent")
    return found


def _cascade_evidence(first: Approval, copies: list[Ask], pending: int, growing: bool) -> list[str]:
    runs = {ask.run_id for ask in copies if ask.run_id}
    denied = sum(1 for ask in copies if ask.decision == "deny")
    by = {0: "the gateway does not name the run", 1: "one run asks again"}
    lines = [
        f"{len(copies)} requests with different ids, first asked {at(copies[0].at_ms or None)}"
        f" ({quoted(copies[0].id, 40)})",
        f"{pending} pending now, {denied} denied before",
        by.get(len(runs), f"{len(runs)} runs ask for the same"),
    ]
    if growing:
        lines.append(f"the group is growing: the newest came {at(copies[-1].at_ms)}")
    if first.cwd:
        lines.append(f"all in {quoted(first.cwd, 80)} on {quoted(first.host or 'unknown', 40)}")
    return lines


def _cascade_ways(first: Approval, pending: int) -> list[Way]:
    ways = []
    if pending > 1:
        ways.append(Way(Act.DENY_COPIES, first.group))
    if first.session_key:
        ways.append(Way(Act.RELEASE, first.session_key))
    ways.append(
        Way(
            Act.ADVICE,
            text="if it comes back with each heartbeat, pause heartbeats (the whole gateway)",
        )
    )
    return ways


def waiting(scene: Scene, session_key: str) -> Finding | None:
    """I-09. A session that ages because an approval of its own is pending. It overrides every
    verdict of being stuck. A wait that is young, and behind which nobody waits, is healthy; it is
    told (info) where the gateway calls it stuck."""
    lock = scene.lock(session_key)
    if lock is None or lock.verdict != Verdict.WAITING_APPROVAL:
        return None
    asked = [
        one
        for approval_id in scene.store.backlog.of_session(session_key)
        if (one := scene.store.backlog.get(approval_id)) is not None
    ]
    if any(len(scene.store.backlog.asks(one.group)) >= COPIES for one in asked):
        return None  # a cascade has its own name
    oldest = min((one.created_at_ms for one in asked if one.created_at_ms), default=lock.since_ms)
    sign = _aging(scene, session_key, oldest, lock.waiting)
    if sign is None:
        return None
    severity, why = sign
    joined = [one for one in asked if one.run_id and one.run_id == lock.run_id]
    return Finding(
        severity=severity,
        certainty=Proof.PROVED if joined or not asked else Proof.LIKELY,
        summary="it waits for an approval; nothing in it is stuck",
        session_key=session_key,
        run_id=lock.run_id,
        about="approval",
        since_ms=oldest,
        since_is="exact" if asked else "at_least",
        evidence=[*(_pending(one) for one in asked[:6]), why],
        ruled_out=["a stuck run: it goes on as soon as the approval is answered"],
        ways=_answers(asked),
    )


Sign = tuple[Severity, str]


def _aging(scene: Scene, key: str, oldest: int | None, waiters: int | None) -> Sign | None:
    """Why this wait is worth a name; None while it is young.

    The gateway calls every wait of two minutes stuck. People answer within minutes, so that alone
    is told and alarms nobody; where its own recovery acted, the run is in danger.
    """
    if oldest is None:
        return None
    scene.again(oldest + scene.stale_ms)
    book = scene.store.logbook
    acted = book.of_session(key, ATTEMPT, since_ms=oldest)
    if acted:
        return Severity.WARNING, f"the gateway tried to recover it at {utc(acted[0].at_ms)}"
    if scene.now_ms - oldest >= scene.stale_ms:
        return Severity.WARNING, f"nobody has answered since {utc(oldest)}"
    if waiters:
        scene.again(oldest + WAITER_MS)
        if scene.now_ms - oldest >= WAITER_MS:
            return Severity.WARNING, f"{count(waiters, 'message')} wait behind it"
    stuck = book.of_session(key, *STALL_HEADS, since_ms=oldest)
    if not stuck:
        return None
    return Severity.INFO, f"the gateway calls it stuck ({stuck[0].head}, {utc(stuck[0].at_ms)})"


def _pending(one: Approval) -> str:
    run = f", run {quoted(one.run_id, 60)}" if one.run_id else ""
    return f"approval {quoted(one.id, 60)} asked {at(one.created_at_ms)}{run}: {quoted(one.wanted)}"


def _answers(asked: list[Approval]) -> list[Way]:
    ways = [Way(Act.ADVICE, text="answer it with the gateway's own command: openclaw approvals")]
    for one in asked[:3]:
        if len(one.id) < 100:
            text = f"or say no: clawtop deny {quoted(one.id, 100)} (the run goes on without it)"
            ways.append(Way(Act.ADVICE, text=text))
    return ways
