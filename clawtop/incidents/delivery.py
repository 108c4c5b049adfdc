"""Replies and completions that do not arrive."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.delivery import Delivery
from clawtop.picture.logs import NO_PAYLOADS, OUTCOME_HEAD, RELEASE_HEADS, SETTLE_HEADS, Note
from clawtop.picture.records import Proof
from clawtop.picture.sessions import SessionFacts
from clawtop.text import count, utc

LATE_MS = 180_000  # a late reply arrives within minutes
SHOWN_MS = 1_800_000  # somebody got no answer: worth half an hour
LOOP_GAP_MS = 180_000  # the loop comes once a minute
LOOPS = 3
TRIES = 3
LAWFUL = ("skipped",)  # causes that mean no answer was wanted


def lost_reply(scene: Scene, session_key: str) -> Finding | None:
    """I-08. Recovery freed the session, and the turn it interrupted ended without any reply.

    A turn without a reply that no recovery came before may be lawful silence.
    """
    facts = scene.facts(session_key)
    if facts is None:
        return None
    found = _unanswered(scene, facts)
    if not found:
        return None
    note, freed = found[0]
    return Finding(
        severity=Severity.CRITICAL,
        certainty=Proof.LIKELY,
        summary="a message got no answer although recovery freed the session",
        session_key=session_key,
        about=note.pairs.get("messageId") or utc(note.at_ms),
        since_ms=note.at_ms,
        since_is="exact",
        evidence=[
            f"recovery acted {at(freed.at_ms)}: {quoted(freed.text)}",
            *(_silent_turn(one) for one, _ in found[:6]),
        ],
        ruled_out=[
            "a reply that is late: minutes have passed",
            "a turn that wanted no answer: recovery had just acted on this session",
        ],
        ways=[Way(Act.ADVICE, text="answer by hand who wrote and got nothing; nothing is resent")],
    )


def _silent_turn(note: Note) -> str:
    where = quoted(note.pairs.get("channel", "an unknown channel"), 40)
    message = quoted(note.pairs.get("messageId", "unknown"), 60)
    return f"{where} message {message}: its turn ended {at(note.at_ms)} without a reply"


def _unanswered(scene: Scene, facts: SessionFacts) -> list[tuple[Note, Note]]:
    """Turns without a reply that a recovery came before, and no late answer after."""
    book, since_ms = scene.store.logbook, scene.now_ms - SHOWN_MS
    freed = [
        note
        for note in book.of_session(facts.key, OUTCOME_HEAD, *RELEASE_HEADS)
        if note.head != OUTCOME_HEAD or note.pairs.get("status") in ("aborted", "released")
    ]
    found = []
    for note in book.of_session(facts.key, NO_PAYLOADS, since_ms=since_ms):
        before = [one for one in freed if 0 <= note.at_ms - one.at_ms <= scene.stale_ms]
        if not before or note.pairs.get("cause", "").startswith(LAWFUL):
            continue
        scene.again(note.at_ms + LATE_MS)
        scene.again(note.at_ms + SHOWN_MS + 1)
        late = any(0 <= answer - note.at_ms <= LATE_MS for answer in facts.answers)
        if scene.heard_ms - note.at_ms >= LATE_MS and not late:
            found.append((note, before[-1]))
    return found


def undelivered(scene: Scene, session_key: str) -> Finding | None:
    """I-24. A final reply that waits in the session for its delivery, tried again and again.

    Rows of the measured gateways (2026.5.28, 2026.9.6) do not carry the field.
    """
    facts = scene.facts(session_key)
    if facts is None or facts.undelivered is None:
        return None
    began = facts.written_ms or None
    if facts.undelivered < TRIES:
        if began is None or facts.undelivered:
            return None
        scene.again(began + scene.stale_ms)
        if scene.heard_ms - began < scene.stale_ms:
            return None
    many = facts.undelivered >= TRIES
    what = f"at least {TRIES} attempts failed" if many else "it was never tried"
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED,
        summary=f"its last reply is not delivered: {what}",
        session_key=session_key,
        about=facts.session_id,
        since_ms=began,
        evidence=["its row holds a final reply that waits for delivery", what],
        ruled_out=["a delivery under way: that takes one attempt and little time"],
        ways=[
            Way(Act.ADVICE, text="restore its route or channel, then send one message"),
            Way(
                Act.ADVICE, text="do not edit the session's file; reset only once the text is saved"
            ),
        ],
    )


def dead_letters(scene: Scene, name: str) -> Finding | None:
    """I-25. Dead letters or a backlog of incoming messages that grow.

    What failed long ago stays counted, and a backlog falls after a reconnect: neither is news.
    """
    grown = [one for one in scene.store.delivery.queues.values() if _grows(scene, one)]
    if not grown:
        return None
    rose = [one.rose_ms for one in grown if one.rose_ms]
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED,
        summary="messages fail for good, or come in faster than they are worked off",
        about="delivery",
        since_ms=min(rose, default=None),
        evidence=[_queue_line(one) for one in grown[:8]],
        ruled_out=[
            "old dead letters that nobody removed: these counts grew while clawtop watched",
            "a backlog that falls after a reconnect: it does not fall",
        ],
        ways=[
            Way(
                Act.ADVICE, text="list them: openclaw channels dead-letters list --channel CHANNEL"
            ),
            Way(
                Act.ADVICE,
                text="once the cause is cured: openclaw channels dead-letters resubmit EVENT_ID",
            ),
        ],
    )


def _grows(scene: Scene, queue: Delivery) -> bool:
    if queue.rose_ms is None or queue.falling or queue.count <= queue.least:
        return False
    scene.again(queue.rose_ms + scene.stale_ms)
    return scene.age(queue.rose_ms) < scene.stale_ms


def _queue_line(queue: Delivery) -> str:
    words = {
        "outbound": f"{count(queue.count, 'dead letter')} on the way out",
        "inbound": f"{count(queue.count, 'dead letter')} on the way in",
        "pressure": f"{count(queue.count, 'message')} wait to be taken in",
    }
    oldest = f", the oldest {at(queue.oldest_ms)}" if queue.oldest_ms else ""
    return f"{quoted(queue.name, 80)}: {words[queue.kind]}, {queue.least} before{oldest}"


def settle_loop(scene: Scene, name: str) -> Finding | None:
    """I-26. The end of a sub-agent that cannot be told to who asked, again each minute.

    The log masks both ids. Announcements that time out end by themselves and read otherwise.
    """
    rounds: list[Note] = []
    for note in scene.store.logbook.of_head(*SETTLE_HEADS):
        if rounds and note.at_ms - rounds[-1].at_ms > LOOP_GAP_MS:
            rounds = []
        if not rounds or note.at_ms - rounds[-1].at_ms >= LOOP_GAP_MS // 9:
            rounds.append(note)
    if len(rounds) < LOOPS:
        return None
    scene.again(rounds[-1].at_ms + LOOP_GAP_MS + 1)
    if scene.age(rounds[-1].at_ms) > LOOP_GAP_MS:
        return None
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED,
        summary="a sub-agent's end is announced in vain, again and again",
        about="settle",
        since_ms=rounds[0].at_ms,
        evidence=[f"since {utc(rounds[0].at_ms)}, about once a minute: {quoted(rounds[0].text)}"],
        ruled_out=["announcements that time out: those give up by themselves"],
        ways=[
            Way(Act.ADVICE, text="find the orphan with: openclaw tasks audit"),
            Way(Act.ADVICE, text="then: clawtop cancel-task TASK_ID"),
        ],
    )
