"""Heartbeats that are due and do not run."""

from __future__ import annotations

from clawtop.incidents.heartbeats import configured
from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Scene
from clawtop.incidents.words import at, listed, quoted
from clawtop.picture.coverage import is_september
from clawtop.picture.heartbeats import SKIPPED, Beat
from clawtop.picture.records import Proof, Verdict
from clawtop.picture.sessions import whole

BLOCKED = frozenset({"requests-in-flight", "active-run", "lanes-busy", "cron-in-progress"})
NO_WAY_OUT = frozenset({"no-route", "target-none", "no-target", "channel-not-ready"})
JUST_MS = 2_000  # a skip is tried again after a second
HIDDEN_MS = 86_400_000  # quiet hours leave no trace on early gateways


def silent(scene: Scene, name: str) -> Finding | None:
    """I-23. Heartbeats are due and do not run: skipped again and again, or no word of any.

    Skips because of healthy work, quiet hours, an empty file or a switch are as they should be;
    so is silence while clawtop's own pause may hold, which is told apart from incidents.
    """
    if scene.store.switch.reminds:
        return None
    every = [whole(one.every_ms) for one in scene.store.heartbeats.agents if one.enabled]
    due = [one for one in every if one]
    if not due or not scene.store.heartbeats.told:
        return None
    limit_ms = max(scene.stale_ms, min(due))
    return _skipped(scene, limit_ms) or _nothing(scene, min(due))


def _skipped(scene: Scene, limit_ms: int) -> Finding | None:
    """One reason, again and again, for longer than an interval."""
    skips = scene.store.heartbeats.skips()
    reason = skips[-1].reason if skips else None
    same = [one for one in skips if one.reason == reason]
    if reason is None or len(same) < 2 or same != skips[-len(same) :]:
        return None
    began = same[0].at_ms
    scene.again(began + limit_ms)
    why = _cause(scene, reason, same[-1].at_ms)
    if why is None or scene.heard_ms - began < limit_ms or same[-1].at_ms - began < limit_ms // 2:
        return None
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.LIKELY,
        summary=f"heartbeats are skipped again and again: {quoted(reason, 40)}",
        about=reason,
        since_ms=began,
        evidence=[f"skipped {at(began)} and ever since: {quoted(reason, 40)}", why],
        ruled_out=[
            "not due, quiet hours, an empty file, switched off: those have reasons of their own",
            "healthy work that is in the way: none that makes progress is seen",
        ],
        ways=_free(scene, reason),
    )


def _cause(scene: Scene, reason: str, newest_ms: int) -> str | None:
    """What stands in the way; None where that is as it should be, or healthy work does: it may
    have been in the way at the newest skip, although it is done by now."""
    held = scene.store.held
    if reason in NO_WAY_OUT:
        waits = [
            one.agent_id or "?" for one in scene.store.heartbeats.agents if one.waiting_for_route
        ]
        if reason == "channel-not-ready":
            return "its channel is not ready"
        return f"no route to answer on: agent {listed(waits)}" if waits else None
    if reason not in BLOCKED:
        return None
    own = sorted(held.stuck & _own_sessions(scene))
    if own:
        return f"stuck meanwhile: {listed(own)}"
    if held.verdicts[Verdict.WORKING] or newest_ms <= held.worked_ms + JUST_MS:
        return None
    if held.stuck:
        return f"stuck meanwhile: {listed(sorted(held.stuck))}"
    return "and no session is held that clawtop sees" if held.held_count == 0 else None


def _own_sessions(scene: Scene) -> set[str]:
    """The sessions that heartbeats run in: each agent's main one."""
    facts = scene.store.facts
    main = facts.main_session_key if facts is not None else None
    named = {f"agent:{one.agent_id}:main" for one in scene.store.heartbeats.agents}
    return named | ({main} if main else set())


def _free(scene: Scene, reason: str) -> list[Way]:
    if reason in NO_WAY_OUT:
        return [Way(Act.ADVICE, text="give the agent a route, or a heartbeat target of its own")]
    ways = [Way(Act.RELEASE, key) for key in sorted(scene.store.held.stuck)[:1]]
    ways.append(Way(Act.ADVICE, text="free the holder, not the heartbeat; then wake it once"))
    if not scene.store.held.stuck:
        ways.append(Way(Act.ADVICE, text="where nothing holds it, only a restart resumes it"))
    return ways


def _nothing(scene: Scene, every_ms: int) -> Finding | None:
    """No word of any heartbeat for two intervals and more. Early gateways say nothing of quiet
    hours, so there it takes a day."""
    last = scene.store.heartbeats.last
    if last is None:
        return None
    limit_ms = 2 * every_ms + scene.stale_ms
    limit_ms = limit_ms if _tells(scene, last) else max(limit_ms, HIDDEN_MS)
    silent_ms = max(last.at_ms, scene.store.heartbeats.resumed_ms() or 0)
    scene.again(silent_ms + limit_ms)
    if scene.heard_ms - silent_ms < limit_ms:
        return None
    return Finding(
        severity=Severity.WARNING,
        certainty=Proof.POSSIBLE,
        summary="no heartbeat has run or been skipped for longer than two intervals",
        about="nothing",
        since_ms=last.at_ms,
        since_is="exact",
        evidence=[
            f"the last one was {at(last.at_ms)}: {quoted(last.status, 20)}"
            f" {quoted(last.reason or '', 40)}".rstrip(),
            f"configured: {configured(scene)}",
        ],
        ruled_out=[
            "switched off in the configuration: it is enabled",
            "not due: more than two intervals have passed",
            "paused from this host: clawtop knows of no pause of its own that may hold",
            "not ruled out: somebody else paused heartbeats, which no gateway tells",
        ],
        ways=[
            Way(Act.ADVICE, text="wake it once and watch; a restart resumes a dead schedule"),
        ],
    )


def _tells(scene: Scene, last: Beat) -> bool:
    """Whether silence means something: quiet hours would be told, or the last word was a skip
    that is known to end the schedule (#63232)."""
    later = scene.store.facts is not None and is_september(scene.store.facts)
    return later or (last.status == SKIPPED and last.reason in BLOCKED)
