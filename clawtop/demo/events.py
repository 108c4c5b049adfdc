"""The frames a gateway sends when something happens to a run, per generation."""

from typing import TYPE_CHECKING, Any

from clawtop.demo import rows
from clawtop.demo.model import Obj, Out, Run, Session, new_id

if TYPE_CHECKING:
    from clawtop.demo.world import World


def changed(world: "World", session: Session, **head: Any) -> None:
    """Send ``sessions.changed`` to subscribers; ``head`` is phase or reason, and runId."""
    payload = rows.changed(world, session, **head)
    world.put(Out("sessions.changed", payload, "operator.read", targeted=True, subscribed=True))


def agent(world: "World", session: Session, run: Run, stream: str, data: Obj) -> None:
    """Send one ``agent`` event of an RPC run and remember it as the newest; seq is per run."""
    run.seq += 1
    payload: Obj = {
        "runId": run.run_id,
        "stream": stream,
        "data": data,
        "sessionKey": session.key,
        "seq": run.seq,
        "ts": world.now(),
        "isHeartbeat": run.holder == "heartbeat",
    }
    if world.september:
        payload["agentId"] = session.agent_id
    if world.september and stream == "lifecycle":
        payload["sessionId"] = session.session_id
    run.last_event = payload
    world.put(Out("agent", payload, "operator.read"))


def chat(world: "World", session: Session, run_id: str, state: str, **fields: Any) -> None:
    """Send one ``chat`` event: delta, final, aborted or error."""
    payload: Obj = {"runId": run_id, "sessionKey": session.key, "seq": 1, "state": state, **fields}
    if world.september:
        payload["agentId"] = session.agent_id
    world.put(Out("chat", payload, "operator.read"))


def reply(world: "World", text: str) -> Obj:
    """Return an assistant message body."""
    return {
        "role": "assistant",
        "content": [{"type": "text", "text": text}],
        "timestamp": world.now(),
    }


def body(world: "World", role: str, text: str, seq: int) -> Obj:
    """Return a stored transcript message with its id and place."""
    if role == "assistant":
        made = reply(world, text)
    else:
        made = {"role": role, "content": text, "timestamp": world.now()}
        if world.september:
            made["idempotencyKey"] = f"channel-user:v1:{new_id()}"
    marks: Obj = {"id": new_id(), "seq": seq}
    if world.september:
        marks["recordTimestampMs"] = world.now()
    return made | {"__openclaw": marks}


def message(
    world: "World", session: Session, role: str, text: str, run_id: str | None = None
) -> Obj:
    """Store a transcript message, send ``session.message`` to subscribers, return the body.

    ``run_id`` of an RPC run marks its user message, and its answer on 2026.9.6.
    """
    made = body(world, role, text, len(session.messages) + 1)
    if run_id is not None and role == "user":
        made["idempotencyKey"] = f"{run_id}:user"
    elif run_id is not None and world.september:
        made["__openclaw"]["runId"] = run_id
    session.messages.append(made)
    payload: Obj = {
        "sessionKey": session.key,
        "message": made,
        "messageId": made["__openclaw"]["id"],
        "messageSeq": len(session.messages),
    }
    if world.september:
        payload["agentId"] = session.agent_id
        payload |= rows.flattened(world, session)
    else:
        full = rows.row(world, session, flags=False)
        payload |= {"session": full} | rows.april_flat(full)
    world.put(Out("session.message", payload, "operator.read", targeted=True, subscribed=True))
    return made


def user(world: "World", session: Session, text: str, run_id: str | None = None) -> None:
    """Store and announce a user message."""
    message(world, session, "user", text, run_id)
