"""What each way to stop a session really does, per generation and kind of hold.

The outcomes were measured on 2026.5.28 ("april") and 2026.9.6 ("september").
"""

from typing import TYPE_CHECKING

from clawtop.demo import approvals, events, runs
from clawtop.demo.model import Lock, Obj, RpcError, Run, Session, Via, Waiting

if TYPE_CHECKING:
    from clawtop.demo.world import World

NOTHING: Obj = {"ok": True, "abortedRunId": None, "status": "no-active-run"}


def aborted(run_id: str | None) -> Obj:
    """Return the answer of an abort that was taken; it says asked, not released."""
    return {"ok": True, "abortedRunId": run_id, "status": "aborted"}


def by_run(world: "World", session: Session, run_id: str) -> Obj:
    """``sessions.abort`` with a run id: that run only; April also drops a waiting message."""
    run = session.run
    if run is not None and run.run_id == run_id:
        if run.holder == "rpc":
            stop_run(world, session, run)
            runs.advance(world, session)
            return aborted(run_id)
        return aborted(None) if world.september and stop_embedded(world, session) else NOTHING
    if not world.september:
        for item in session.queued("rpc"):
            if item.run_id == run_id:
                drop(world, session, item)
                return aborted(run_id)
    return NOTHING


def by_key(world: "World", session: Session, clear_queued: bool = False) -> Obj:
    """``sessions.abort`` with a key alone."""
    run = session.run
    result = _september(world, session) if world.september else _april(world, session)
    if clear_queued and drop_all(world, session, "channel") and result is NOTHING:
        result = aborted(None)
    if result is not NOTHING:
        if world.september or run is None or run.holder != "rpc":
            events.changed(world, session, reason="abort")
        runs.advance(world, session, rpc=not world.september)
    return result


def _april(world: "World", session: Session) -> Obj:
    """April: RPC runs only, and it takes a waiting RPC message for the active run."""
    run = session.run if session.run and session.run.holder == "rpc" else None
    victims = drop_all(world, session, "rpc")
    if run is not None:
        stop_run(world, session, run)
        return aborted(run.run_id)
    return aborted(victims[0].run_id) if victims else NOTHING


def _september(world: "World", session: Session) -> Obj:
    """September: reaches every lock with the stored session id, and parked RPC messages."""
    lock, run = session.lock, session.run
    if lock is None or lock.phase == "aborted" or not session.id_match:
        return NOTHING
    if lock.holder == "delivery":
        return NOTHING
    victims = drop_all(world, session, "rpc")
    if run is not None and run.holder == "rpc":
        stop_run(world, session, run)
        return aborted(run.run_id)
    if run is not None:
        stop_embedded(world, session)
    else:
        abort_lock(world, session, lock)
    return aborted(victims[0].run_id if victims else None)


def stop_run(world: "World", session: Session, run: Run) -> None:
    """End a run the gateway knows: frames first, then the row (timeout or killed).

    April announces the abort while the row still says running (measured on 2026.5.28).
    """
    now = world.now()
    said = {"message": events.reply(world, run.text)} if run.text else {}
    events.chat(world, session, run.run_id, "aborted", stopReason="rpc", **said)
    events.agent(world, session, run, "lifecycle", _cancelled(run, now))
    session.run = session.lock = None
    session.last_run_id = run.run_id
    if not world.september:
        events.changed(world, session, reason="abort")
    session.aborted_last_run = world.september
    runs.close_row(world, session, "killed" if world.september else "timeout")
    events.changed(world, session, phase="end", runId=run.run_id)
    approvals.run_gone(world, session.key)


def stop_embedded(world: "World", session: Session) -> bool:
    """September ends a channel or heartbeat run: row killed, no agent frames."""
    run = session.run
    if run is None:
        return False
    session.aborted_last_run = True
    runs.close_row(world, session, "killed")
    events.changed(world, session, phase="error", runId=run.run_id)
    approvals.run_gone(world, session.key)
    return True


def abort_lock(world: "World", session: Session, lock: Lock) -> None:
    """Abort a lock without a run: queued goes at once, running only asks its owner.

    April waits for that owner for ever, September releases by force after the settle time.
    """
    if lock.phase == "queued":
        session.lock = None
        return
    if lock.phase == "running":
        lock.phase = "aborted"
        lock.release_at = world.now() + world.settle_ms if world.september else None


def drop(world: "World", session: Session, item: Waiting) -> None:
    """Lose one waiting message: gone on April, state cancelled on September."""
    if world.september and item.via == "rpc":
        item.state = "cancelled"
        return
    session.waiting.remove(item)
    if item.via == "rpc":
        _drop_victim(world, session, item)


def _drop_victim(world: "World", session: Session, item: Waiting) -> None:
    """April ends a waiting RPC message like a run that was cancelled: frames, and its row.

    The row is that of the dead message although a lock is held on (measured on 2026.5.28).
    """
    run = Run(item.run_id, "rpc", item.accepted_at)
    events.chat(world, session, run.run_id, "aborted", stopReason="rpc")
    events.agent(world, session, run, "lifecycle", _cancelled(run, world.now()))
    if session.run is None:
        session.status, session.started_at = "timeout", item.accepted_at
        session.ended_at = session.updated_at = world.now()
    events.changed(world, session, phase="end", runId=run.run_id)
    events.user(world, session, item.text, run.run_id)


def _cancelled(run: Run, now: int) -> Obj:
    """The lifecycle data of an aborted run."""
    return {
        "phase": "end",
        "status": "cancelled",
        "aborted": True,
        "stopReason": "rpc",
        "startedAt": run.started_at,
        "endedAt": now,
    }


def drop_all(world: "World", session: Session, via: Via) -> list[Waiting]:
    """Lose every waiting message that came this way and return them."""
    items = session.queued(via)
    for item in items:
        drop(world, session, item)
    return items


def chat_abort(world: "World", session: Session, run_id: str | None) -> Obj:
    """``chat.abort`` and a plain stop word: RPC runs only; April drops RPC waiters as well."""
    ids = []
    run = session.run
    if run is not None and run.holder == "rpc" and run_id in (None, run.run_id):
        stop_run(world, session, run)
        ids.append(run.run_id)
    if not world.september:
        for item in session.queued("rpc"):
            if run_id in (None, item.run_id):
                drop(world, session, item)
                ids.append(item.run_id)
    runs.advance(world, session)
    return {"ok": True, "aborted": bool(ids), "runIds": ids}


def channel_stop(world: "World", session: Session, text: str, run_id: str) -> None:
    """The channel-style stop: by session key, whatever the lock's session id says.

    Drops waiting channel messages (September: parked RPC ones too), leaves two messages in
    the transcript and, on April, a row that stays "running" after a channel run.
    """
    lock, run = session.lock, session.run
    hook = lock is not None and lock.holder == "hook"
    if world.september and lock is not None and lock.holder == "delivery":
        return  # no effect at all (measured on 2026.9.6)
    if world.september:
        drop_all(world, session, "rpc")
    if world.september or not hook:
        drop_all(world, session, "channel")
    events.user(world, session, text)
    if run is not None:
        _channel_stop_run(world, session, run)
    elif lock is not None:
        _channel_stop_lock(world, session, lock, hook=hook)
    body = events.message(world, session, "assistant", "Agent was aborted.")
    events.chat(world, session, run_id, "final", message=body)
    session.aborted_last_run = True
    runs.advance(world, session, rpc=not world.september)


def _channel_stop_run(world: "World", session: Session, run: Run) -> None:
    """Stop a live run; April leaves the row of a channel run as it was."""
    if run.holder == "rpc":
        stop_run(world, session, run)
    elif world.september:
        stop_embedded(world, session)
    else:
        session.run = session.lock = None
        approvals.run_gone(world, session.key)


def _channel_stop_lock(world: "World", session: Session, lock: Lock, *, hook: bool) -> None:
    """Stop a lock without a run; on April a taken lane passes the lock to the next message."""
    if hook and not world.september:
        session.lane_taken, session.lock = True, None
        return
    if lock.holder == "delivery":
        session.lock, session.undelivered = None, False
        return
    abort_lock(world, session, lock)


def reset(world: "World", session: Session) -> bool:
    """``sessions.reset``; return whether it fails as "still active" after 15 s.

    April clears queues and system events even when it then fails; a lock with another
    session id stays while the answer is ok (measured on both).
    """
    lock = session.lock
    hook = lock is not None and lock.holder in ("hook", "delivery")
    world.queues.pop(session.key, None)
    if session.run is not None:
        session.run = session.lock = None
    elif lock is not None and session.id_match:
        clears = lock.phase == "queued" and lock.holder != "delivery"
        if not clears and (hook or not world.september):
            _empty_queue(session, world)
            if lock.holder != "delivery":
                abort_lock(world, session, lock)
            return True
        session.lock = None
    _after_reset(world, session)
    return False


def _empty_queue(session: Session, world: "World") -> None:
    """April's reset drops the queue before it waits."""
    if not world.september:
        session.waiting.clear()


def _after_reset(world: "World", session: Session) -> None:
    """Give the session a clean row; September keeps its session id."""
    keep = world.september or session.lock is not None
    session.session_id = session.session_id if keep else world.new_session_id()
    session.messages.clear()
    session.last_run_id = None
    session.status = session.started_at = session.ended_at = None
    session.turns, session.updated_at = 0, world.now()
    events.changed(world, session, reason="reset")
    runs.advance(world, session, rpc=not world.september)


def still_active(key: str) -> RpcError:
    """Return the error a failing reset ends with."""
    return RpcError("UNAVAILABLE", f"Session {key} is still active; try again in a moment.")
