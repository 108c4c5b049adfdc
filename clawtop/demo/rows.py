"""Session rows, chat history answers and the restart preflight, per generation."""

from typing import TYPE_CHECKING

from clawtop.demo import lanes
from clawtop.demo.model import Obj, Session, Waiting, words

if TYPE_CHECKING:
    from clawtop.demo.world import World

#: Keys of the flattened September event that are null when the row does not have them.
NULLS = words("""
createdActor owner archivedAt pinnedAt archivedBy archiveReason markedUnreadAt agentStatus
observerDigest controlOwnerSessionKey swarm permissionMode label autoLabel icon color
channelAvatarUrl category boardPresentation displayName thinkingLevel toolOverrides
restartRecoveryStatus goal contextBudgetStatus lastRunError providerReview lastRunId endedAt
runtimeMs
""")
#: Keys of the nested row that the flattened part leaves out.
NOT_FLAT = {
    "key",
    "agentId",
    "classification",
    "isMain",
    "isBackground",
    "agentRuntime",
    "thinkingLevels",
    "thinkingOptions",
    "thinkingDefault",
    "snapshotAt",
    "placement",
    "modelOverrideSource",
    "runtimeSelectionLocked",
    "expandedParticipants",
    "effectiveQueueMode",
    "lastInteractionAt",
    "lastMessagePreview",
    "derivedTitle",
}


def live_flag(world: "World", session: Session) -> bool:
    """Return hasActiveRun as each generation computes it.

    April looks only at RPC runs and at waiting RPC messages of exactly this key; September
    looks the lock up by the stored session id and answers false once it was aborted
    (measured on 2026.5.28 and 2026.9.6).
    """
    if world.generation == "april":
        run = session.run
        return (run is not None and run.holder == "rpc") or bool(session.queued("rpc"))
    lock = session.lock
    return lock is not None and lock.phase != "aborted" and session.id_match


def _common(world: "World", session: Session) -> Obj:
    """Fields both generations share."""
    channel = session.channel
    via = channel or "webchat"
    origin: Obj = {"provider": via, "surface": via, "chatType": "direct"}
    context: Obj = {"channel": via}
    row: Obj = {
        "key": session.key,
        "kind": session.kind,
        "chatType": "direct",
        "updatedAt": session.updated_at,
        "sessionId": session.session_id,
        "systemSent": True,
        "abortedLastRun": session.aborted_last_run,
        "thinkingLevels": [{"id": "off", "label": "off"}],
        "thinkingOptions": ["off"],
        "thinkingDefault": "off",
        "totalTokensFresh": session.turns > 0,
        "modelProvider": "a",
        "model": "m1",
        "contextTokens": 128000,
    }
    if channel:
        address = {"to": "demo:user", "accountId": "default"}
        origin |= {"label": "user", "from": "demo:user", **address}
        context |= address
        row |= {"displayName": "user", "lastTo": "demo:user", "lastAccountId": "default"}
    if session.turns:
        row |= {"inputTokens": 10, "outputTokens": 3, "totalTokens": 10, "estimatedCostUsd": 0}
    if channel or not world.september:
        row |= {"origin": origin, "lastChannel": via, "deliveryContext": context}
    return row | _times(session)


def _times(session: Session) -> Obj:
    """Status and times; a run being prepared has none of them yet."""
    row: Obj = {}
    run = session.run
    preparing = run is not None and (run.preparing or run.queued_at is not None)
    if session.status is not None and not preparing:
        row["status"] = session.status
    if session.started_at is not None and not preparing:
        row["startedAt"] = session.started_at
        if session.ended_at is not None:
            row["endedAt"] = session.ended_at
            row["runtimeMs"] = session.ended_at - session.started_at
    for name, value in (("label", session.label), ("parentSessionKey", session.parent_key)):
        if value is not None:
            row[name] = value
    return row | session.extra


def row(world: "World", session: Session, *, flags: bool = True) -> Obj:
    """Return the row of ``sessions.list``; without ``flags`` that of ``sessions.describe``."""
    result = _common(world, session)
    if world.generation == "april":
        result["agentRuntime"] = {"id": "auto", "source": "implicit"}
        if lanes.waits(session) and session.turns:
            # a run that waits for a slot shows its predecessor's start (measured on 2026.5.28)
            result |= {"status": "running", "startedAt": session.started_at}
        return result | ({"hasActiveRun": live_flag(world, session)} if flags else {})
    result |= _september(world, session)
    if not flags:
        return result | {"activitySummary": {"state": "unavailable", "canEnsure": True}}
    live = live_flag(world, session)
    result["hasActiveRun"] = live
    if session.run is not None and session.run.preparing:
        result["activeRunIds"] = [session.run.run_id]
    elif not live:
        result["activeRunIds"] = []
    if live and not (session.run and session.run.preparing):
        result["status"] = "queued" if lanes.waits(session) else "running"
    return result


def _september(world: "World", session: Session) -> Obj:
    """Fields only September rows have."""
    main = session.key == world.main_key
    runtime = {
        "id": "openclaw",
        "cloudPlacementSupported": True,
        "source": "implicit",
        "cloudPlacementExecutionMode": "worker-turn",
        "devicePlacementSupported": True,
        "devicePlacement": {"requiredNodeCommands": [], "consumesWorkerSlot": True},
    }
    result: Obj = {
        "visibility": "shared",
        "permissionModePending": False,
        "participants": [],
        "expandedParticipants": [],
        "participantCount": 1,
        "classification": "main" if main else "direct",
        "agentId": session.agent_id,
        "isMain": main,
        "isBackground": False,
        "archived": False,
        "pinned": False,
        "unread": False,
        "lastInteractionAt": session.updated_at,
        "effectiveFastMode": False,
        "effectiveFastModeSource": "default",
        "fastAutoOnSeconds": 60,
        "totalTokens": 0,
        "totalTokensFresh": True,
        "effectiveResponseUsage": "off",
        "effectiveQueueMode": "steer",
        "modelOverrideSource": None,
        "runtimeSelectionLocked": False,
        "agentRuntime": runtime,
        "snapshotAt": world.now(),
        "sharingRole": "admin",
        "placement": {
            "state": "local",
            "generation": 0,
            "createdAtMs": session.created_at,
            "updatedAtMs": session.updated_at,
            "stateChangedAtMs": session.created_at,
        },
    }
    if session.channel:
        result["channel"] = session.channel
    else:
        result |= {"createdVia": "operator", "createdAt": session.created_at}
    if session.turns:
        result["contextBudgetStatus"] = {
            "schemaVersion": 1,
            "source": "pre-prompt-estimate",
            "route": "fits",
            "shouldCompact": False,
        }
    if session.status is None and session.lock is None:
        del result["lastInteractionAt"]  # fresh from a reset
    known = session.last_run_id is not None and session.run is None
    return result | ({"lastRunId": session.last_run_id} if known else {})


def changed(world: "World", session: Session, **head: object) -> Obj:
    """Payload of ``sessions.changed``: April nests a row only for phase events, without flags.

    September always nests one and flattens it too; there ``activeRunIds: null`` says gone.
    """
    payload: Obj = {"sessionKey": session.key}
    payload |= {} if world.generation == "april" else {"agentId": session.agent_id}
    payload |= {**head, "ts": world.now()}
    if world.generation == "april":
        full = row(world, session, flags="phase" not in head)
        nested = {"session": full} if "phase" in head else {}
        return payload | nested | april_flat(full)
    return payload | flattened(world, session)


def flattened(world: "World", session: Session) -> Obj:
    """September's ``session`` and the same fields once more beside it."""
    full = row(world, session)
    full["activitySummary"] = {"state": "unavailable", "canEnsure": True}
    if session.messages:
        full["lastMessagePreview"] = str(session.messages[-1]["content"])[:80]
    flat: Obj = dict.fromkeys(NULLS) | {"hasAutomation": False}
    flat |= {k: v for k, v in full.items() if k not in NOT_FLAT}
    flat["activeRunIds"] = full.get("activeRunIds")
    return {"session": full} | flat | {"ancestorSessions": []}


def april_flat(row: Obj) -> Obj:
    """The row fields April repeats at the top of an event."""
    hidden = {"key", "agentRuntime", "thinkingLevels", "thinkingOptions", "thinkingDefault"}
    return {k: v for k, v in row.items() if k not in hidden}


def pending_input(item: Waiting) -> Obj:
    """One entry of September's ``pendingInputs``: an RPC message not taken by a turn."""
    marks = {
        "senderIsOwner": True,
        "id": f"pending:{item.id}",
        "transport": {"clients": [{"id": "gateway-client", "mode": "backend"}]},
    }
    message = {
        "role": "user",
        "content": item.text,
        "timestamp": item.accepted_at,
        "__openclaw": marks,
    }
    return {
        "id": item.id,
        "acceptedAt": item.accepted_at,
        "state": item.state,
        "message": message,
        "runId": item.run_id,
    }


def in_flight(session: Session) -> Obj | None:
    """September's ``inFlightRun``: a leak gives none, a parked message does not hide the holder.

    Measured on 2026.9.6: a message shows there only until it got its empty ``final``.
    """
    run = session.run
    if run is None or run.preparing or session.lock is None or session.lock.holder == "hook":
        return None
    result: Obj = {"runId": run.run_id, "text": run.text, "startedAt": run.started_at}
    if run.holder != "rpc":
        result["sessionAbortable"] = True
    if run.last_event is not None:
        result["events"] = [_kept(run.last_event)]
    return result


def _kept(event: Obj) -> Obj:
    """The newest event as ``inFlightRun`` repeats it: without the text that was written."""
    kept = {k: v for k, v in event.items() if k not in ("isHeartbeat", "sessionId")}
    return kept | ({"data": {}} if event["stream"] == "assistant" else {})


def history(world: "World", session: Session, limit: int) -> Obj:
    """Answer ``chat.history``; April tells only messages and the session id."""
    result: Obj = {
        "sessionKey": session.key,
        "sessionId": session.session_id,
        "messages": session.messages[-limit:],
    }
    if world.generation == "april":
        return result | {"thinkingLevel": "off"}
    items = [pending_input(w) for w in session.waiting if w.via == "rpc"]
    result |= {
        "pendingInputs": {"items": items[:limit], "total": len(items)},
        "deltaCursor": "demo",
        "hasMore": len(session.messages) > limit,
        "totalMessages": len(session.messages),
        "defaults": _plain(defaults(world)),
        "sessionInfo": _plain(row(world, session)),
    }
    flight = in_flight(session)
    return result | ({"inFlightRun": flight} if flight else {})


def no_history(world: "World", key: str) -> Obj:
    """Answer ``chat.history`` for a session that does not exist: a row without an id."""
    if world.generation == "april":
        return {"sessionKey": key, "messages": [], "thinkingLevel": "off"}
    full = history(world, Session(key, "", 0, 0, status=None, turns=0), 1)
    hidden = ("sessionId", "lastInteractionAt", "placement", "createdVia", "createdAt")
    info = {name: value for name, value in full["sessionInfo"].items() if name not in hidden}
    del full["sessionId"]
    return full | {"sessionInfo": info | {"updatedAt": None, "classification": "custom"}}


def _plain(body: Obj) -> Obj:
    """Without the thinking choices, as history answers have it."""
    return {k: v for k, v in body.items() if not k.startswith("thinking")}


def defaults(world: "World") -> Obj:
    """Model defaults that come with lists."""
    result: Obj = {
        "modelProvider": "a",
        "model": "m1",
        "contextTokens": 128000,
        "thinkingLevels": [{"id": "off", "label": "off"}],
        "thinkingOptions": ["off"],
        "thinkingDefault": "off",
    }
    if world.generation == "september":
        result["agentRuntime"] = {
            "id": "auto",
            "source": "implicit",
            "cloudPlacementSupported": False,
            "devicePlacementSupported": False,
        }
        result["modelSelectionTarget"] = "session"
    return result
