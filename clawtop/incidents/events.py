"""System events: an end of a command reported twice, and a queue that has lost lines."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, listed, quoted
from clawtop.picture.completions import completions_in
from clawtop.picture.records import Proof, SystemEvent, Verdict
from clawtop.text import count, utc

ONE_TURN_MS = 3_000  # records of one turn are written within this

Place = tuple[str, str, str]  # exec id, exit code, session ("" where it is not told)


def twice(scene: Scene, name: str) -> Finding | None:
    """I-02. The same end of one command (exec id and code) told at least twice.

    Queued twice: two lines of it wait in the queue at once. Ran twice: two turns were made of it.
    A line that waited and then became a turn is one report.
    """
    queued, ran = _queued_copies(scene), _turns(scene)
    if not queued and not ran:
        return None
    if queued:
        (exec_id, code, _), events = min(queued.items(), key=lambda item: item[1][1].seen_since_ms)
        session_key, since_ms = events[0].session_key, events[1].seen_since_ms
        what = "queued"
    else:
        (session_key, exec_id, code), times = min(ran.items(), key=lambda item: item[1][1])
        since_ms, what = times[1], "run"
    beats = [beat for beat in scene.store.heartbeats.beats if beat.reason == "exec-event"]
    return Finding(
        severity=Severity.WARNING if queued else Severity.INFO,
        certainty=Proof.PROVED,
        summary=f"one command's end is {what} twice: exec {quoted(exec_id, 60)}, code {code}",
        session_key=session_key,
        about=exec_id,
        since_ms=since_ms,
        since_is="at_least" if queued else "exact",
        evidence=[
            *_queued_lines(queued),
            *_turn_lines(ran),
            *([f"a heartbeat ran for an exec event {at(beats[-1].at_ms)}"] if beats else []),
        ],
        ruled_out=[
            "two commands that ended alike: the exec id is the same",
            "a start and an end of one command: both lines say finished",
            "a retry of the model inside one run: that makes no second line or turn",
        ],
        ways=_twice_ways(scene, session_key, queued),
    )


def _queued_copies(scene: Scene) -> dict[Place, list[SystemEvent]]:
    found: dict[Place, list[SystemEvent]] = {}
    for event in scene.store.queue.events:
        for end in completions_in(event.text):
            place = (end.exec_id, end.code, event.session_key or "")
            found.setdefault(place, []).append(event)
    return {place: events for place, events in found.items() if len(events) > 1}


def _turns(scene: Scene) -> dict[tuple[str, str, str], list[int]]:
    """Ends that became several turns; records of one turn are not several."""
    found = {}
    for place, times in scene.store.completions.repeated():
        apart = [time for one, time in enumerate(times) if not one or _apart(times, one)]
        if len(apart) > 1:
            found[place] = apart
    return found


def _apart(times: list[int], one: int) -> bool:
    return times[one] - times[one - 1] > ONE_TURN_MS


def _queued_lines(queued: dict[Place, list[SystemEvent]]) -> list[str]:
    return [
        f"exec {quoted(exec_id, 60)} (code {code}) stands in the queue at positions"
        f" {listed([str(event.position) for event in events])}"
        for (exec_id, code, _), events in list(queued.items())[:6]
    ]


def _turn_lines(ran: dict[tuple[str, str, str], list[int]]) -> list[str]:
    return [
        f"exec {quoted(exec_id, 60)} (code {code}) became turns of {quoted(key, 80)} at"
        f" {', '.join(utc(time) for time in times[:6])}"
        for (key, exec_id, code), times in list(ran.items())[:6]
    ]


def _twice_ways(
    scene: Scene, session_key: str | None, queued: dict[Place, list[SystemEvent]]
) -> list[Way]:
    """Of every end the younger copies can go, the last of them first."""
    ways = [Way(Act.DROP_EVENT, events[-1].id) for events in queued.values()]
    text = "keep this as evidence; look whether its node reconnects"
    if queued:
        text = "or let the next turn take both, and check its answer"
    ways.append(Way(Act.ADVICE, text=text))
    if queued and session_key and scene.lock(session_key) is not None:
        ways.append(Way(Act.RELEASE, session_key))
    return ways


def _notice(event: SystemEvent) -> bool:
    """A line the gateway queues by itself for each session an operator makes (2026.9.6): nobody
    misses one that falls out."""
    return event.text.startswith("New session created")


def cap(scene: Scene, name: str) -> Finding | None:
    """I-27. A queue at its cap: the gateway drops the oldest line without a trace."""
    queue = scene.store.queue.fullest
    events = scene.store.queue.of(queue.session_key) if queue is not None else []
    if queue is None or not queue.at_cap or all(_notice(event) for event in events):
        return None
    key = queue.session_key
    lost = queue.lost_seen > 0
    others = sum(1 for one in scene.store.queue.queues if one.at_cap and one is not queue)
    lock = scene.lock(key) if key else None
    held = lock is not None and lock.verdict not in (Verdict.WORKING, Verdict.GHOST)
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED if lost else Proof.LIKELY,
        summary=f"{queue.count} system events are queued, the most there can be:"
        + (" older ones were lost" if lost else " older ones may be gone"),
        session_key=key,
        since_ms=events[-1].seen_since_ms if events else None,
        evidence=[
            f"{queue.count} lines wait; a queue holds no more",
            "lines were seen to fall out at its head"
            if lost
            else "the queue tells nothing of lines that fell out before clawtop looked",
            *([f"{count(others, 'other queue')} at the cap as well"] if others else []),
        ],
        ruled_out=[
            "several queues shown as one: the companion lists each of them"
            if scene.store.queue.exact
            else "several queues shown as one: this gateway has one main session",
            "the gateway's own notices of new sessions: other lines wait, too",
        ],
        ways=[
            *([Way(Act.RELEASE, key)] if key and held else []),
            Way(Act.ADVICE, text="let the session that should read them have its turn"),
        ],
    )
