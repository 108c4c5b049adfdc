"""Refusals that look like something else: authority, alternation, approvals out of step."""

from __future__ import annotations

from itertools import pairwise

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.coverage import is_route
from clawtop.picture.logs import (
    ASK_HEADLESS,
    ASK_UNDELIVERED,
    FOLLOWUP_STALE,
    NO_AUTHORITY,
    RUN_ACTIVE,
    Note,
)
from clawtop.picture.records import Proof
from clawtop.picture.seen import seen

ONE_MS = 1_000  # lines of one refusal
FOLLOWUPS = 3
ALTERNATE = 3


def no_authority(scene: Scene, name: str) -> Finding | None:
    """I-14. A tool refused because the run's operation is over: it reads like a permission."""
    since_ms = scene.now_ms - scene.stale_ms
    notes = scene.store.logbook.of_head(NO_AUTHORITY, since_ms=since_ms)
    if not notes:
        return None
    scene.again(notes[-1].at_ms + scene.stale_ms + 1)
    return Finding(
        severity=Severity.INFO,
        certainty=Proof.PROVED,
        summary="a tool was refused because its run was already over; it is no missing permission",
        session_key=notes[-1].session_key,
        about="authority",
        since_ms=notes[-1].at_ms,
        since_is="exact",
        evidence=[f"logged {at(notes[-1].at_ms)}: {quoted(notes[-1].text)}"],
        ruled_out=["a missing permission: the line speaks of the run's operation"],
        ways=[Way(Act.ADVICE, text="ask again in a new turn; later gateways do it less often")],
    )


def every_second(scene: Scene, session_key: str) -> Finding | None:
    """I-15. Every second call of one session fails. Refused on every call is a leak (I-05)."""
    facts = scene.facts(session_key)
    if facts is None:
        return None
    since_ms = scene.now_ms - scene.stale_ms
    notes = scene.store.logbook.of_session(session_key, RUN_ACTIVE, since_ms=since_ms)
    refused = _single(notes)
    between = [any(a < answer < b for answer in facts.answers) for a, b in pairwise(refused)]
    if len(refused) < ALTERNATE or sum(between) < ALTERNATE - 1 or not all(between[-2:]):
        return None
    scene.again(refused[-ALTERNATE] + scene.stale_ms + 1)
    return Finding(
        severity=Severity.INFO,
        certainty=Proof.LIKELY,
        summary="every second call to it is refused: its client does not wait for its own run",
        session_key=session_key,
        about="alternate",
        since_ms=refused[0],
        evidence=[f"refused {at(refused[0])} and again, an answer each time in between"],
        ruled_out=["a lock that is leaked: that refuses every call"],
        ways=[Way(Act.ADVICE, text="let that client send one message after the other; upgrade")],
    )


def _single(notes: list[Note]) -> list[int]:
    """Times of refusals; lines of one count once."""
    times: list[int] = []
    for note in notes:
        if not times or note.at_ms - times[-1] > ONE_MS:
            times.append(note.at_ms)
    return times


def out_of_step(scene: Scene, name: str) -> Finding | None:
    """I-10 b: follow-ups of approvals that are over, again and again; e: a run that needs an
    approval which nobody could be shown."""
    since_ms = scene.now_ms - scene.stale_ms
    book = scene.store.logbook
    stale = book.of_head(FOLLOWUP_STALE, since_ms=since_ms)
    unseen = book.of_head(ASK_HEADLESS, since_ms=since_ms) or _undelivered(scene, since_ms)
    loops = len(stale) >= FOLLOWUPS
    notes = unseen or (stale if loops else [])
    if not notes:
        return None
    scene.again(notes[-1].at_ms + scene.stale_ms + 1)
    if unseen:
        summary = "an approval was asked for, and there was nobody to show it to"
    else:
        summary = "follow-ups of approvals that are over come again and again"
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED if unseen else Proof.LIKELY,
        summary=summary,
        session_key=notes[-1].session_key,
        about="nobody" if unseen else "followups",
        since_ms=notes[0].at_ms,
        evidence=[f"first {at(notes[0].at_ms)}: {quoted(notes[0].text)}"],
        ruled_out=["one approval that was answered meanwhile: there were more"]
        if not unseen
        else ["a channel that failed beside another way: no operator here could answer either"],
        ways=[
            Way(Act.ADVICE, text="act on the gateway's own list of approvals, never on a message"),
            Way(Act.ADVICE, text="give approvals a way that is always there, or allow the command")
            if unseen
            else Way(Act.ADVICE, text="stop the run that asks; its old answers do not reach it"),
        ],
    )


def _undelivered(scene: Scene, since_ms: int) -> list[Note]:
    """Approvals that a channel could not show, while it is known that no operator is there to
    answer, and not clawtop either."""
    store = scene.store
    ours = store.facts is not None and is_route(store.facts)
    if ours or not seen(store, "operators"):
        return []
    if any(one.can_answer_approvals is not False for one in store.operators):
        return []
    return scene.store.logbook.of_head(ASK_UNDELIVERED, since_ms=since_ms)
