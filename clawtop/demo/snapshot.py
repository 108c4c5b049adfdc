"""Answers about the gateway as a whole: status, health, preflight, lanes, hello snapshot."""

from typing import TYPE_CHECKING

from clawtop.demo.model import VERSION, Obj, Session

if TYPE_CHECKING:
    from clawtop.demo.world import World

STATE = {
    "april": "/demo/.openclaw/agents/main/sessions/sessions.json",
    "september": "/demo/.openclaw/agents/main/agent/openclaw-agent.sqlite",
}
LABELS = {
    "queue": "queued or active operation(s)",
    "reply": "pending reply delivery operation(s)",
    "embedded-run": "active embedded run(s)",
    "root-request": "active root request(s)",
    "task": "active background task run(s)",
}


def version(world: "World") -> str:
    """Return the version the gateway claims."""
    return world.version or VERSION[world.generation]


def embedded_runs(world: "World") -> int:
    """Count locks; April counts the first turn of a new session twice (measured on 5.28)."""
    count = 0
    for session in world.sessions.values():
        if session.lock is None:
            continue
        count += 1
        run = session.run
        first = run is not None and run.queued_at is None and session.turns == 0
        count += 1 if first and world.over_count and not world.september else 0
    return count


def _takes_lane(session: Session) -> bool:
    """Whether a task of this session sits in its lane; an orphaned lock has none."""
    lock = session.lock
    return lock is not None and (session.run is not None or lock.holder == "hook")


def _replies(world: "World", session: Session) -> int:
    """Replies owed: the run's own and those behind it; September does not count parked ones."""
    own = 1 if _takes_lane(session) or (session.undelivered and session.lock) else 0
    behind = len(session.queued("channel"))
    return own + behind + (0 if world.september else len(session.queued("rpc")))


def preflight(world: "World") -> Obj:
    """Answer ``gateway.restart.preflight``; it names no session."""
    lanes = [s for s in world.sessions.values() if _takes_lane(s)]
    counts = {
        "queueSize": 2 * len(lanes),
        "pendingReplies": sum(_replies(world, s) for s in world.sessions.values()),
        "embeddedRuns": embedded_runs(world),
    }
    roots = sum(1 + len(s.queued("channel")) for s in lanes)
    if world.september:
        counts |= {"cronRuns": 0, "backgroundExecSessions": 0, "rootRequests": roots}
    counts["activeTasks"] = sum(t["status"] in ("queued", "running") for t in world.tasks)
    blockers = [
        _blocker(kind, counts.get(name, 0))
        for kind, name in (
            ("queue", "queueSize"),
            ("reply", "pendingReplies"),
            ("embedded-run", "embeddedRuns"),
            ("root-request", "rootRequests"),
            ("task", "activeTasks"),
        )
    ]
    blockers = [b for b in blockers if b["count"]]
    summary = "; ".join(b["message"] for b in blockers)
    return {
        "safe": not blockers,
        "counts": counts | {"totalActive": sum(counts.values())},
        "blockers": blockers,
        "summary": f"restart deferred: {summary}" if blockers else "safe to restart now",
    }


def _blocker(kind: str, count: int) -> Obj:
    """One line of the preflight."""
    return {"kind": kind, "count": count, "message": f"{count} {LABELS[kind]}"}


def event_loop(world: "World") -> Obj:
    """A calm event loop; override with ``world.health_extra["eventLoop"]``."""
    calm: Obj = {
        "degraded": False,
        "reasons": [],
        "intervalMs": 1000,
        "delayP99Ms": 21.5,
        "delayMaxMs": 22.0,
        "utilization": 0.05,
        "cpuCoreRatio": 0.04,
    }
    if world.september:
        calm["degradedSinceMs"] = None
    return calm | dict(world.health_extra.get("eventLoop", {}))


def _session_summary(world: "World") -> Obj:
    """Count and the five newest rows."""
    newest = sorted(world.sessions.values(), key=lambda s: -s.updated_at)[:5]
    recent = [
        {"key": s.key, "updatedAt": s.updated_at, "age": world.now() - s.updated_at} for s in newest
    ]
    return {"path": STATE[world.generation], "count": len(world.sessions), "recent": recent}


def health(world: "World") -> Obj:
    """Answer ``health`` and fill the health event."""
    summary = _session_summary(world)
    beat = {
        "enabled": True,
        "every": "30m",
        "everyMs": 1_800_000,
        "target": "none",
        "prompt": "Read HEARTBEAT.md if it exists.",
        "ackMaxChars": 300,
    }
    agent = {"agentId": "main", "isDefault": True, "heartbeat": beat, "sessions": summary}
    result: Obj = {
        "ok": True,
        "ts": world.now(),
        "durationMs": 3,
        "eventLoop": event_loop(world),
        "plugins": {"loaded": [], "errors": []},
        "channels": {},
        "channelOrder": [],
        "channelLabels": {},
        "heartbeatSeconds": 1800,
        "defaultAgentId": "main",
        "agents": [agent],
        "sessions": summary,
    }
    if world.september:
        result |= {
            "configReload": {"hotReloadStatus": "active"},
            "modelRuntime": {"degraded": False, "pendingAgents": []},
        }
    return result | {k: v for k, v in world.health_extra.items() if k != "eventLoop"}


def _task_counts(world: "World") -> Obj:
    """Counters of ``status.tasks``; here completed is called succeeded."""
    states = dict.fromkeys(
        ("queued", "running", "succeeded", "failed", "timed_out", "cancelled", "lost"), 0
    )
    runtimes = dict.fromkeys(("subagent", "acp", "cli", "cron"), 0)
    for task in world.tasks:
        given = str(task["status"])
        name = "succeeded" if given == "completed" else given
        states[name] = states.get(name, 0) + 1
        runtimes[task["runtime"]] = runtimes.get(task["runtime"], 0) + 1
    active = states["queued"] + states["running"]
    return {
        "total": len(world.tasks),
        "active": active,
        "terminal": len(world.tasks) - active,
        "failures": states["failed"] + states["timed_out"],
        "byStatus": states,
        "byRuntime": runtimes,
    }


def _every(world: "World") -> str:
    """How often a heartbeat comes, in the gateway's words."""
    seconds = (world.heartbeat_ms or 1_800_000) // 1000
    return f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"


def status(world: "World") -> Obj:
    """Answer ``status``; the pending system events are those of the main session only."""
    every = {"enabled": True, "every": _every(world), "everyMs": world.heartbeat_ms or 1_800_000}
    agents: list[Obj] = [{"agentId": name, **every} for name in world.agents]
    summary = _session_summary(world)
    codes = (
        "stale_queued",
        "stale_running",
        "lost",
        "delivery_failed",
        "missing_cleanup",
        "inconsistent_timestamps",
    )
    result: Obj = {
        "runtimeVersion": version(world),
        "heartbeat": {"defaultAgentId": "main", "agents": agents},
        "channelSummary": [],
        "queuedSystemEvents": list(world.system_events.get(world.main_key, [])),
        "tasks": _task_counts(world),
        "taskAudit": {"total": 0, "warnings": 0, "errors": 0, "byCode": dict.fromkeys(codes, 0)},
        "sessions": {
            "paths": [summary["path"]],
            "count": summary["count"],
            "defaults": {"model": "m1", "contextTokens": 128000},
            "recent": summary["recent"],
            "byAgent": [{"agentId": "main", **summary}],
        },
        "eventLoop": event_loop(world),
    }
    if world.september:
        for one in agents:
            one["waitingForRoute"] = world.waiting_for_route
        result |= {
            "degradedSecretOwners": [],
            "degradedPlugins": [],
            "pid": 4242,
            "modelRuntime": {"degraded": False, "pendingAgents": []},
            "processMemory": {
                "rssBytes": 687_968_256,
                "heapUsedBytes": 213_625_840,
                "heapTotalBytes": 306_610_176,
                "externalBytes": 0,
                "arrayBuffersBytes": 0,
            },
        }
    return result


def hello_snapshot(world: "World", presence: list[Obj], *, admin: bool, mode: str) -> Obj:
    """Return ``snapshot`` of hello; paths and auth mode are for admins."""
    main: Obj = {
        "defaultAgentId": "main",
        "mainKey": "main",
        "mainSessionKey": world.main_key,
        "scope": "per-sender",
    }
    result: Obj = {
        "presence": presence,
        "health": {k: v for k, v in health(world).items() if k != "modelRuntime"},
        "stateVersion": dict(world.state_version),
        "uptimeMs": world.now() - world.started_at,
        "sessionDefaults": main,
    }
    if world.september:
        main |= {"modelConfigured": True, "ownership": "sole", "selectionRequired": False}
        phase = "draining" if world.draining else "accepting"
        result |= {"suspension": {"phase": phase}, "appliedConfigHash": "hmac-sha256:demo"}
    if admin:
        result |= {
            "configPath": "/demo/.openclaw/openclaw.json",
            "stateDir": "/demo/.openclaw",
            "authMode": mode,
        }
    return result
