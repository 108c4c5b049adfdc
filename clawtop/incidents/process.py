"""The gateway's process: slow, mute, or waiting for a lock on its own disk."""

from __future__ import annotations

import re

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, quoted
from clawtop.picture.logs import DISK_LOCK, LIVENESS, SLOW_METHOD, Note
from clawtop.picture.pace import SLOW_MS, is_local
from clawtop.picture.records import Proof
from clawtop.text import utc

SUSTAINED_MS = 120_000  # the loop is slow for a moment at every start
LINES = 3  # log lines that make more than a hiccup
AGAIN_MS = 120_000  # a live writer lets go within this
_SESSION_FILE = re.compile(r"([0-9a-fA-F-]{8,64})\.jsonl")


def slow(scene: Scene, name: str) -> Finding | None:
    """I-18. Mute: connected, and not a word for two ticks, again after a new try. Slow: answers
    take seconds again and again, or the gateway itself says so and something else agrees."""
    return _mute(scene) or _slow(scene)


def _mute(scene: Scene) -> Finding | None:
    store = scene.store
    if store.link_up or not store.pace.mute:
        return None
    local = store.facts is not None and is_local(store.facts.url)
    return Finding(
        severity=Severity.CRITICAL if local else Severity.WARNING,
        certainty=Proof.LIKELY if local else Proof.POSSIBLE,
        summary="the gateway is mute: it takes connections and says nothing",
        about="mute",
        since_ms=store.pace.mute_since_ms,
        evidence=[f"nothing was heard since {utc(store.pace.mute_since_ms or scene.now_ms)}"],
        ruled_out=[
            "down: a connection would be refused",
            "restarting or draining: it would say so",
            "one slow method: ticks would still come",
            "the network: nothing but this host is in between"
            if local
            else "not ruled out: the network; is another gateway mute as well?",
        ],
        ways=[
            Way(Act.ADVICE, text="read its log file on its own host: clawtop logs"),
            Way(Act.ADVICE, text="look at its process; restart it only if its loop really hangs"),
        ],
    )


def _slow(scene: Scene) -> Finding | None:
    pace = scene.store.pace
    methods, lines = pace.slow(), _lines(scene)
    degraded_ms = scene.age(pace.degraded_since_ms)
    if pace.degraded_since_ms is not None:
        scene.again(pace.degraded_since_ms + SUSTAINED_MS)
        scene.again(pace.degraded_since_ms + scene.stale_ms)
    loop = degraded_ms >= SUSTAINED_MS
    agreed = loop and (bool(lines) or degraded_ms >= scene.stale_ms)
    if not scene.store.link_up or not (methods or agreed):
        return None
    one = len(methods) == 1 and not loop
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED,
        summary=f"the gateway answers {methods[0].method} slowly"
        if one
        else "the gateway is slow to answer",
        about=methods[0].method if one else "slow",
        since_ms=min([row.since_ms for row in methods] or [pace.degraded_since_ms or 0]),
        evidence=[
            *(
                f"{row.method}: {row.worst_ms // 1000} s and more, twice in a row"
                for row in methods
            ),
            *([f"it calls its event loop degraded {at(pace.degraded_since_ms)}"] if loop else []),
            *lines,
        ],
        ruled_out=[
            "one hiccup: it was slow more than once",
            "a gateway that is mute: ticks and answers still come",
        ],
        ways=[
            Way(Act.ADVICE, text="clawtop already asks less often; close other heavy viewers"),
            Way(Act.ADVICE, text="after a restart it is slow for some minutes: wait, look again"),
        ],
    )


def _lines(scene: Scene) -> list[str]:
    """What its own log says of the same time; the first of each kind, so that nothing ticks."""
    book, since_ms = scene.store.logbook, scene.now_ms - scene.stale_ms
    delayed = [
        note
        for note in book.of_head(LIVENESS, since_ms=since_ms)
        if "event_loop_delay" in note.pairs.get("reasons", "")
    ]
    calls = [
        note
        for note in book.of_head(SLOW_METHOD, since_ms=since_ms)
        if (note.number("took") or 0) >= SLOW_MS
    ]
    found = []
    if len(delayed) >= LINES - 1:
        found.append("it logs a delayed event loop, more than once")
    if len(calls) >= LINES:
        found.append(f"it logs slow answers, first {quoted(calls[0].pairs['method'], 40)}")
    return found


def disk_lock(scene: Scene, name: str) -> Finding | None:
    """I-17. A session's file stays locked on disk. A live writer lets go: once is nothing.

    2026.5.28 names a process at most; whether it lives is told by others only. 2026.9.6 keeps
    sessions in a database and has no such lock.
    """
    book, since_ms = scene.store.logbook, scene.now_ms - scene.stale_ms
    by_file: dict[str, list[Note]] = {}
    for note in book.of_head(DISK_LOCK, since_ms=since_ms):
        by_file.setdefault(_file(note), []).append(note)
    stuck = [notes for notes in by_file.values() if _dead(notes) or _repeated(notes)]
    if not stuck:
        return None
    notes = min(stuck, key=lambda one: (not _dead(one), one[0].at_ms))
    scene.again(notes[-1].at_ms + scene.stale_ms + 1)
    dead, alive = _dead(notes), notes[-1].pairs.get("alive") == "true"
    return Finding(
        severity=Severity.CRITICAL if dead else Severity.WARNING,
        certainty=Proof.PROVED if dead else Proof.LIKELY if alive else Proof.POSSIBLE,
        summary="a session's file is locked on disk" + (" by a process that is gone" * dead),
        session_key=_session_of(scene, notes[-1]),
        about=_file(notes[-1]),
        since_ms=notes[0].at_ms,
        evidence=[
            f"first {at(notes[0].at_ms)}: {quoted(notes[0].text)}",
            *([f"{len(stuck)} files are locked so"] if len(stuck) > 1 else []),
        ],
        ruled_out=[
            "a lock in the gateway's memory: that prints no such line",
            "a live writer that lets go: the line came again"
            if not dead
            else "a live writer: the gateway says that its process is gone",
        ],
        ways=[
            Way(Act.ADVICE, text="wait: its writer lives")
            if alive and not dead
            else Way(Act.ADVICE, text="on its host: openclaw doctor; never delete a lock by hand"),
        ],
    )


def _file(note: Note) -> str:
    found = _SESSION_FILE.search(note.text)
    return found.group(1) if found else note.session_key or note.pairs.get("pid", "unknown")


def _dead(notes: list[Note]) -> bool:
    return notes[-1].pairs.get("alive") == "false"


def _repeated(notes: list[Note]) -> bool:
    return notes[-1].at_ms - notes[0].at_ms >= AGAIN_MS


def _session_of(scene: Scene, note: Note) -> str | None:
    """The session the line or the file's name tells; the search is made only for such a line."""
    if note.session_key:
        return note.session_key
    wanted = _file(note)
    keys = (key for key, one in scene.store.held.sessions.items() if one.session_id == wanted)
    return next(keys, None)
