"""Answers to the methods about the gateway and its sessions."""

from collections.abc import Callable
from dataclasses import dataclass

from clawtop.demo import aborts, events, heartbeats, lanes, restarts, rows, runs, snapshot
from clawtop.demo.model import Obj, Out, RpcError, Session, new_id
from clawtop.demo.peer import Peer
from clawtop.demo.world import World

STOP_WORDS = {"/stop", "stop", "abort", "/abort", "esc", "wait", "exit", "interrupt"}


@dataclass
class Call:
    """One request being answered."""

    world: World
    peer: Peer
    params: Obj
    presence: Callable[[], list[Obj]]


@dataclass(frozen=True)
class Later:
    """An answer that comes when the world's clock reaches ``due`` (ms)."""

    due: int
    error: RpcError


Handler = Callable[[Call], object]


def _stored(call: Call, key: str) -> Session:
    """Return a session that exists, else the gateway's error."""
    if key not in call.world.sessions:
        raise RpcError("INVALID_REQUEST", f"session not found: {key}")
    return call.world.sessions[key]


def subscribe(call: Call) -> object:
    """``sessions.subscribe``: sessions.changed and session.* from now on."""
    call.peer.subscribed = True
    if call.world.september and call.params:
        return {"subscribed": True, "list": sessions_list(call)}
    return {"subscribed": True}


def unsubscribe(call: Call) -> object:
    """``sessions.unsubscribe``, April only."""
    call.peer.subscribed = False
    return {"subscribed": False}


def sessions_list(call: Call) -> Obj:
    """``sessions.list``, newest first."""
    world, params = call.world, call.params
    found = sorted(world.sessions.values(), key=lambda s: -s.updated_at)
    made = [rows.row(world, s) for s in found if params.get("search", "") in s.key]
    if params.get("activeOnly"):
        made = [r for r in made if r["hasActiveRun"]]
    limit, offset = params.get("limit", 100), params.get("offset", 0)
    page, more = made[offset : offset + limit], offset + limit < len(made)
    result: Obj = {
        "ts": world.now(),
        "path": snapshot.STATE[world.generation],
        "count": len(page),
        "totalCount": len(made),
        "limitApplied": limit,
        "nextOffset": offset + limit if more else None,
        "hasMore": more,
        "defaults": rows.defaults(world),
        "sessions": page,
    }
    return result | ({"owners": []} if world.september else {})


def describe(call: Call) -> object:
    """``sessions.describe``: the stored row without run flags."""
    session = call.world.sessions.get(call.params["key"])
    return {"session": rows.row(call.world, session, flags=False) if session else None}


def history(call: Call) -> object:
    """``chat.history``."""
    session = call.world.sessions.get(call.params["sessionKey"])
    if session is None:
        return rows.no_history(call.world, call.params["sessionKey"])
    return rows.history(call.world, session, call.params.get("limit", 200))


def sessions_abort(call: Call) -> object:
    """``sessions.abort`` by key, by run id, or both."""
    world, key, run_id = call.world, call.params.get("key"), call.params.get("runId")
    if key is None and run_id is None:
        raise RpcError("INVALID_REQUEST", "key required")
    if run_id is None:
        session = world.sessions.get(str(key))
        if session is None:
            return aborts.NOTHING
        return aborts.by_key(world, session, bool(call.params.get("clearQueued")))
    for session in list(world.sessions.values()):
        if key in (None, session.key):
            result = aborts.by_run(world, session, run_id)
            if result is not aborts.NOTHING:
                if world.september:
                    events.changed(world, session, reason="abort")
                return result
    return aborts.NOTHING


def chat_abort(call: Call) -> object:
    """``chat.abort``."""
    session = call.world.session(call.params["sessionKey"])
    return aborts.chat_abort(call.world, session, call.params.get("runId"))


def chat_send(call: Call) -> object:
    """``chat.send``: a stop word, the channel-style stop, or a message."""
    world, text, key = call.world, call.params["message"], call.params["sessionKey"]
    restarts.refuse_when_draining(world)
    run_id: str = call.params["idempotencyKey"]
    session = world.session(key, new=key not in world.sessions)
    bare = text.strip().lower()
    if bare in STOP_WORDS:
        return aborts.chat_abort(world, session, None)
    if bare.startswith("[") and bare.partition("]")[2].strip() in STOP_WORDS:
        aborts.channel_stop(world, session, text, run_id)
    else:
        runs.send(world, session, text, "rpc", run_id)
    return {"runId": run_id, "status": "started"}


def sessions_send(call: Call) -> object:
    """``sessions.send``."""
    restarts.refuse_when_draining(call.world)
    session = _stored(call, call.params["key"])
    run_id = call.params.get("idempotencyKey") or new_id()
    runs.send(call.world, session, call.params["message"], "rpc", run_id)
    return {"runId": run_id, "status": "started", "messageSeq": len(session.messages)}


def sessions_reset(call: Call) -> object:
    """``sessions.reset``; a failing one is answered after 15 s, its damage done at once."""
    session = call.world.session(call.params["key"])
    expected = call.params.get("expectedSessionId")
    if expected is not None and expected != session.session_id:
        raise RpcError("INVALID_REQUEST", "session changed", details={"reason": "session-changed"})
    if aborts.reset(call.world, session):
        due = call.world.now() + call.world.reset_wait_ms
        return Later(due, aborts.still_active(session.key))
    return {
        "ok": True,
        "key": session.key,
        "entry": {
            "sessionId": session.session_id,
            "updatedAt": session.updated_at,
            "systemSent": False,
            "abortedLastRun": False,
        },
    }


def recover(call: Call) -> object:
    """``sessions.recover`` is no unstick tool: it wants a tombstoned session."""
    raise RpcError("INVALID_REQUEST", "Session recovery requires a restart-tombstoned session.")


def stability(call: Call) -> object:
    """``diagnostics.stability``."""
    params, world = call.params, call.world
    return world.stability.answer(
        world.now(), params.get("limit", 50), params.get("type"), params.get("sinceSeq")
    )


def logs_tail(call: Call) -> object:
    """``logs.tail``."""
    params = call.params
    return call.world.log_file.tail(
        params.get("cursor"),
        params.get("limit", 500),
        params.get("maxBytes", 250_000),
        tells=call.world.september,
    )


def tasks_list(call: Call) -> object:
    """``tasks.list`` with its filters."""
    found = call.world.tasks
    for name in ("status", "agentId", "sessionKey"):
        if name in call.params:
            found = [t for t in found if t.get(name) == call.params[name]]
    return {"tasks": found[: call.params.get("limit", 500)]}


def tasks_get(call: Call) -> object:
    """``tasks.get``."""
    for task in call.world.tasks:
        if task["taskId"] == call.params["taskId"]:
            return {"task": task}
    raise RpcError("INVALID_REQUEST", f"task not found: {call.params['taskId']}")


def tasks_cancel(call: Call) -> object:
    """``tasks.cancel``; not found is a normal answer."""
    return call.world.cancel_task(call.params["taskId"])


def set_heartbeats(call: Call) -> object:
    """``set-heartbeats``: in memory, and nothing reads it back."""
    call.world.heartbeats_enabled = call.params["enabled"]
    return {"ok": True, "enabled": call.params["enabled"]}


def wake(call: Call) -> object:
    """``wake``: queue a line for a session; nothing runs while heartbeats are paused."""
    key = call.params.get("sessionKey") or call.world.main_key
    call.world.enqueue_event(key, call.params["text"])
    if call.params["mode"] == "now" and call.world.lively:
        heartbeats.wake(call.world)
    return {"ok": True}


def system_event(call: Call) -> object:
    """``system-event``: text starting with ``Node:`` only updates presence.

    Every one also leaves a presence row without a host (measured on 2026.5.28 and 2026.9.6).
    """
    text = call.params["text"]
    _note_presence(call, text)
    if not text.startswith("Node:"):
        key = call.params.get("sessionKey") or call.world.main_key
        call.world.enqueue_event(key, text)
    return {"ok": True}


def _note_presence(call: Call, text: str) -> None:
    """Put the line into the presence list and tell everybody."""
    world = call.world
    kept = [row for row in world.presence if row.get("text") != text]
    world.presence = [*kept, {"text": text, "ts": world.now()}]
    world.state_version["presence"] += 1
    scope = "operator.read" if world.september else None
    world.put(Out("presence", {"presence": call.presence()}, scope, state_version=True))


def agents_list(call: Call) -> object:
    """``agents.list`` with the one agent."""
    agent = {
        "id": "main",
        "workspace": "/demo/ws",
        "agentRuntime": {"id": "auto", "source": "implicit"},
        "model": {"primary": "a/m1", "fallbacks": ["b/m1"]},
    }
    return {"defaultId": "main", "mainKey": "main", "scope": "per-sender", "agents": [agent]}


def cron_list(call: Call) -> object:
    """``cron.list`` with the world's jobs."""
    jobs = [j for j in call.world.cron if call.params.get("includeDisabled") or j.get("enabled")]
    return {
        "jobs": jobs,
        "total": len(jobs),
        "offset": 0,
        "limit": 50,
        "hasMore": False,
        "nextOffset": None,
    }


def restart_request(call: Call) -> object:
    """``gateway.restart.request``: deferred while work is active; a lively world does it."""
    if call.world.lively:
        skip = bool(call.params.get("skipDeferral", False))
        return restarts.request(call.world, skip, call.params.get("reason"))
    plan = snapshot.preflight(call.world)
    now = plan["safe"] or call.params.get("skipDeferral", False)
    if now:
        call.world.put(Out("shutdown", {"reason": "gateway restarting", "restartExpectedMs": 1500}))
    return {
        "ok": True,
        "status": "scheduled" if now else "deferred",
        "preflight": plan,
        "restart": {
            "ok": True,
            "pid": 4242,
            "signal": "SIGUSR1",
            "delayMs": 0,
            "reason": call.params.get("reason"),
            "coalesced": False,
        },
    }


HANDLERS: dict[str, Handler] = {
    "status": lambda c: snapshot.status(c.world),
    "health": lambda c: snapshot.health(c.world),
    "sessions.subscribe": subscribe,
    "sessions.unsubscribe": unsubscribe,
    "sessions.list": sessions_list,
    "sessions.describe": describe,
    "chat.history": history,
    "gateway.restart.preflight": lambda c: snapshot.preflight(c.world),
    "diagnostics.stability": stability,
    "logs.tail": logs_tail,
    "diagnostics.lanes": lambda c: lanes.answer(c.world),
    "tasks.list": tasks_list,
    "tasks.get": tasks_get,
    "tasks.cancel": tasks_cancel,
    "system-presence": lambda c: c.presence(),
    "last-heartbeat": lambda c: c.world.last_heartbeat,
    "set-heartbeats": set_heartbeats,
    "sessions.abort": sessions_abort,
    "chat.abort": chat_abort,
    "chat.send": chat_send,
    "sessions.send": sessions_send,
    "sessions.reset": sessions_reset,
    "sessions.recover": recover,
    "wake": wake,
    "system-event": system_event,
    "agents.list": agents_list,
    "cron.list": cron_list,
    "gateway.restart.request": restart_request,
}
