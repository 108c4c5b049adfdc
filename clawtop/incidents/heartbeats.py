"""Heartbeats: too many of them, and one that never ends."""

from __future__ import annotations

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, listed, quoted
from clawtop.picture.heartbeats import Beat
from clawtop.picture.logs import FLOOD_GUARD, Note
from clawtop.picture.records import Holder, Proof, Verdict
from clawtop.picture.sessions import whole
from clawtop.text import age

FEW = 10  # beats in stale-after that need an explanation
TIMES = 4  # so many times more often than configured
SPREAD = 4  # parts of the window that must all have beats: one burst is no storm
GUARDED_MS = 60_000  # two trips of the flood guard this far apart


def storm(scene: Scene, name: str) -> Finding | None:
    """I-22 a. Far more heartbeats than configured, spread over the window, or a flood guard that
    trips again. Wakes by a command's end have a name of their own (I-02)."""
    beats = _ran(scene)
    guard = _guarded(scene)
    many = len(beats) >= FEW and len(beats) > TIMES * (1 + _expected(scene)) and _spread(beats)
    if beats:
        scene.again(beats[0].at_ms + scene.stale_ms + 1)
    if not guard and not many:
        return None
    since_ms = guard[0].at_ms if guard else beats[0].at_ms
    lines = []
    if many:
        lines.append(
            f"at least {FEW} heartbeats ran within stale-after; configured: {configured(scene)}"
        )
    if guard:
        agent = quoted(guard[0].pairs.get("agentId", "not named"), 60)
        why = quoted(guard[0].pairs.get("reason", "not named"), 60)
        lines.append(f"the flood guard tripped {at(since_ms)} and again: agent {agent}, wake {why}")
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.PROVED if guard else Proof.LIKELY,
        summary="heartbeats are woken far more often than configured",
        about="storm",
        since_ms=None if many and not guard else since_ms,
        evidence=lines,
        ruled_out=[
            "one burst after a sleep of the host: it goes on",
            "wakes by ends of commands: those are not counted",
            "heartbeats that are skipped: only those that ran are counted",
        ],
        ways=[
            Way(Act.ADVICE, text="find what wakes them (a tool's end, a hook, cron) and stop that"),
            Way(
                Act.ADVICE,
                text="pausing heartbeats (T) stops them for the whole gateway: last resort",
            ),
        ],
    )


def _ran(scene: Scene) -> list[Beat]:
    """Heartbeats of the window that ran, wakes by a command's end left out."""
    beats = scene.store.heartbeats.since(scene.now_ms - scene.stale_ms)
    return [one for one in beats if one.status != "skipped" and one.reason != "exec-event"]


def _expected(scene: Scene) -> float:
    """How many the configured intervals make in the window."""
    agents = scene.store.heartbeats.agents
    every = [whole(one.every_ms) for one in agents if one.enabled is not False]
    return sum(scene.stale_ms / one for one in every if one)


def _spread(beats: list[Beat]) -> bool:
    first, last = beats[0].at_ms, beats[-1].at_ms
    part = max((last - first) / SPREAD, 1)
    hit = {min(int((one.at_ms - first) / part), SPREAD - 1) for one in beats}
    return len(hit) == SPREAD and last - first >= SPREAD * GUARDED_MS


def _guarded(scene: Scene) -> list[Note]:
    since_ms = scene.now_ms - scene.stale_ms
    notes = scene.store.logbook.of_head(FLOOD_GUARD, since_ms=since_ms)
    notes = [note for note in notes if note.pairs.get("reason") != "exec-event"]
    if len(notes) < 2 or notes[-1].at_ms - notes[0].at_ms < GUARDED_MS:
        return []
    scene.again(notes[-2].at_ms + scene.stale_ms + 1)
    return notes


def configured(scene: Scene) -> str:
    """How often each agent's heartbeat should run, in words."""
    agents = [one for one in scene.store.heartbeats.agents if one.enabled is not False]
    found = [f"{one.agent_id or '?'} every {age(whole(one.every_ms))}" for one in agents]
    return listed(found) if found else "not told"


def endless(scene: Scene, session_key: str) -> Finding | None:
    """I-22 b. One heartbeat run, at work all the time, that does not end."""
    lock, facts = scene.lock(session_key), scene.facts(session_key)
    if lock is None or facts is None or lock.holder != Holder.HEARTBEAT or lock.since_ms is None:
        return None
    limit_ms = max(2 * scene.stale_ms, _interval(scene, lock.agent_id))
    scene.again(lock.since_ms + limit_ms)
    if lock.verdict != Verdict.WORKING or scene.heard_ms - lock.since_ms < limit_ms:
        return None
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.POSSIBLE,
        summary="one heartbeat run works on and on",
        session_key=session_key,
        run_id=lock.run_id,
        about=lock.run_id or "heartbeat",
        since_ms=lock.since_ms,
        since_is=lock.age_is,
        evidence=[f"it began {at(lock.since_ms)} and still makes progress", *lock.why],
        ruled_out=[
            "many wakes: it is one run",
            "a silent run: it makes progress",
            "not ruled out: lawful long work; clawtop cannot see whether it repeats itself",
        ],
        ways=[
            Way(Act.ADVICE, text="read its transcript: does it do the same again and again?"),
            Way(Act.RELEASE, session_key),
        ],
    )


def _interval(scene: Scene, agent_id: str | None) -> int:
    """The agent's own interval, or the longest one where the agent is not named."""
    agents = scene.store.heartbeats.agents
    named = [one for one in agents if one.agent_id == agent_id] or list(agents)
    return max((whole(one.every_ms) or 0 for one in named), default=0)
