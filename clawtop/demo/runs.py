"""What happens to runs, waiting messages and leaked locks as time goes by."""

from typing import TYPE_CHECKING

from clawtop.demo import events, lanes
from clawtop.demo.model import Lock, Obj, Phase, Run, RunHolder, Session, Via, Waiting, new_id

if TYPE_CHECKING:
    from clawtop.demo.world import World

HANG = "[[hang]]"


def start(world: "World", session: Session, run: Run, text: str | None) -> None:
    """Take the lock for a run and send what its start sends."""
    if session.lock is not None:
        raise ValueError(f"{session.key} is already held by {session.lock.holder}")
    session.run = run
    session.lock = Lock("running", session.session_id, run.holder, world.now())
    session.updated_at = world.now()
    if run.preparing:
        events.changed(world, session, reason="send")
    else:
        begin(world, session, text)


def begin(world: "World", session: Session, text: str | None) -> None:
    """Go from preparation to running: lifecycle start for RPC runs, the row for all."""
    run = session.run
    if run is None:
        raise ValueError(f"no run in {session.key}")
    run.preparing = False
    run.progress_at = world.now()
    if run.takes_ms is not None:
        run.auto_end_at = world.now() + run.takes_ms
    session.status, session.started_at, session.ended_at = "running", world.now(), None
    session.updated_at = world.now()
    if run.holder == "rpc":
        data = {"phase": "start", "startedAt": run.started_at}
        events.agent(world, session, run, "lifecycle", data)
    if run.holder == "rpc" and world.september:
        _status(world, session, run, "starting_model")
    events.changed(world, session, phase="start", runId=run.run_id)
    if text is not None:
        lines = world.take_events(session.key) if world.lively else []
        text = "\n".join([*(f"System: {line}" for line in lines), text])
        events.user(world, session, text, run.run_id if run.holder == "rpc" else None)


def begin_queued(world: "World", session: Session, run: Run) -> None:
    """Go on after the wait for a slot; April tells the message only now."""
    if session.lock is not None:
        session.lock.phase = "running"
    run.started_at = world.now()
    begin(world, session, None if world.september else run.said or None)


def progress(world: "World", session: Session) -> None:
    """Send one sign of life: an agent event for RPC runs, a transcript line for the others."""
    run = session.run
    if run is None:
        raise ValueError(f"no run in {session.key}")
    session.updated_at = run.progress_at = world.now()
    run.text += "."
    if run.holder == "rpc":
        _write(world, session, run, run.text, ".")
    else:
        events.message(world, session, "assistant", run.text)


def end(world: "World", session: Session, status: str) -> None:
    """End the live run normally or with a failure and let the next message go."""
    run = session.run
    if run is None:
        raise ValueError(f"no run in {session.key}")
    close_row(world, session, status)
    if run.holder == "rpc":
        _end_rpc(world, session, run, status)
    elif status == "done" and run.holder == "channel":
        events.message(world, session, "assistant", run.answer)
    phase = "end" if status == "done" else "error"
    if session.undelivered and run.holder == "channel" and status == "done":
        hold_delivery(world, session)
    events.changed(world, session, phase=phase, runId=run.run_id)
    advance(world, session)


def _end_rpc(world: "World", session: Session, run: Run, status: str) -> None:
    """Frames of an ending RPC run: the lifecycle, the transcript and the chat answer."""
    times = {"startedAt": run.started_at, "endedAt": world.now()}
    if status == "done":
        data = {"phase": "end", **times, "stopReason": "stop", "aborted": False}
        events.agent(world, session, run, "lifecycle", data)
        _write(world, session, run, run.answer, run.answer)
        body = events.message(world, session, "assistant", run.answer, run.run_id)
        events.chat(world, session, run.run_id, "final", message=_chat_body(body))
        return
    error = {"phase": "error", **times, "error": f"run ended as {status}"}
    events.agent(world, session, run, "lifecycle", error)
    events.chat(world, session, run.run_id, "error", errorMessage=error["error"])


def _status(world: "World", session: Session, run: Run, phase: str) -> None:
    """Say how far the preparation of a run is, to the run's and the chat's readers."""
    events.agent(world, session, run, "run_status", {"phase": phase})
    events.chat(world, session, run.run_id, "status", phase=phase)


def _write(world: "World", session: Session, run: Run, text: str, delta: str) -> None:
    """Send what the model wrote, to the run's and the chat's readers."""
    events.agent(world, session, run, "assistant", {"text": text, "delta": delta})
    body = events.reply(world, text)
    events.chat(world, session, run.run_id, "delta", deltaText=delta, message=body)


def _chat_body(message: Obj) -> Obj:
    """The message of a chat event carries no transcript marks."""
    return {k: v for k, v in message.items() if k != "__openclaw"}


def close_row(world: "World", session: Session, status: str) -> None:
    """Free the lock and write the end into the row."""
    if session.run is not None:
        session.last_run_id = session.run.run_id
    session.run = session.lock = None
    session.status, session.ended_at = status, world.now()
    session.updated_at = world.now()
    session.turns += 1 if status == "done" else 0


def advance(world: "World", session: Session, *, rpc: bool = True) -> None:
    """Start the oldest waiting message, if the session is free; it will be answered soon.

    ``rpc=False`` leaves parked RPC messages where they are, as after a forced release.
    September gives the turn a run id of its own (measured on 2026.9.6).
    """
    queued = [w for w in session.waiting if w.state == "queued" and (rpc or w.via != "rpc")]
    if session.lock is not None or not queued:
        return
    item = queued[0]
    session.waiting.remove(item)
    run_id = new_id() if world.september else item.run_id
    launch(world, session, item.text, item.via, run_id)


def launch(world: "World", session: Session, text: str, via: Via, run_id: str) -> Run | None:
    """Start a run for a message; it ends by itself unless the text says ``[[hang]]``.

    Nothing runs while a dead owner has the lane: the message only takes the lock.
    """
    holder: RunHolder = "rpc" if via == "rpc" else "channel"
    if session.lane_taken:
        stick(world, session, text)
        return None
    run = Run(run_id, holder, world.now(), answer=f"answer to: {text}")
    run.takes_ms = None if HANG in text else world.answer_ms
    if lanes.admits(world, session):
        start(world, session, run, text)
    else:
        queue(world, session, run, text)
    return run


def queue(world: "World", session: Session, run: Run, text: str) -> None:
    """Let a run wait for a slot; September says so in the row (measured on 2026.9.6)."""
    run.said = text
    lanes.enqueue(world, session, run)
    if world.september:
        events.user(world, session, text, run.run_id if run.holder == "rpc" else None)
        events.changed(world, session, reason="run-capacity")


def send(world: "World", session: Session, text: str, via: Via, run_id: str) -> Waiting | None:
    """Deliver a message: it runs at once when the session is free, else it waits.

    Messages parked earlier go first.
    September answers a parked RPC message with an empty ``final`` straight away; one sent
    between an abort and the release is never answered (measured on 2026.9.6).
    """
    lock = session.lock
    session.waiting = [w for w in session.waiting if w.state != "interrupted"]
    if lock is None and not any(w.state == "queued" for w in session.waiting):
        launch(world, session, text, via, run_id)
        return None
    item = Waiting(text, via, world.now(), run_id)
    if lock is None:
        session.waiting.append(item)
        advance(world, session)
        return item
    return _park(world, session, lock, item)


def _park(world: "World", session: Session, lock: Lock, item: Waiting) -> Waiting:
    """Let a message wait behind the holder."""
    via, run_id = item.via, item.run_id
    if via == "rpc" and world.september:
        item.state = "interrupted" if lock.phase == "aborted" else "queued"
        events.chat(world, session, run_id, "final")
    lock.last_wait_at = world.now()
    session.waiting.append(item)
    if world.september:  # 2026.5.28 tells nothing of it
        events.changed(world, session, reason="participants")
    world.message_came(session)
    return item


def leak(world: "World", session: Session, phase: Phase, *, match: bool) -> Lock:
    """Leave a lock behind whose owner is gone, without any frame; a live run is lost."""
    session.run = None
    ident = session.session_id if match else new_id()
    session.lock = Lock(phase, ident, "orphan", world.now())
    return session.lock


def stick(world: "World", session: Session, text: str) -> Lock:
    """Hold the session by a message whose owner hangs in a hook; September marks the row."""
    session.run = None
    session.lock = Lock("running", session.session_id, "hook", world.now())
    if world.september:
        session.status, session.started_at, session.ended_at = "running", world.now(), None
    events.user(world, session, text)
    return session.lock


def hold_delivery(world: "World", session: Session) -> None:
    """Keep the session for a reply that is never delivered; September lets go after 60 s.

    On 2026.5.28 the delivery takes a lock of its own, which stays queued; on 2026.9.6 it is
    running (measured through a plugin).
    """
    session.undelivered = True
    phase: Phase = "running" if world.september else "queued"
    session.lock = Lock(phase, session.session_id, "delivery", world.now())
    if world.september:
        session.lock.release_at = world.now() + world.settle_ms


def release(world: "World", session: Session, *, renew_lane: bool) -> None:
    """Force a lock open; parked RPC messages of September stay until the next one comes.

    A stuck owner keeps its slot. April: for good, and the session's lane with it unless that
    is renewed: then the lock passes to the next message and nothing moves (measured on
    2026.5.28). September: the lane stays taken for 60 s (measured on 2026.9.6).
    """
    hook = session.lock is not None and session.lock.holder == "hook"
    session.lane_taken = hook and (world.september or not renew_lane)
    if session.lane_taken and world.september:
        session.lane_free_at = world.now() + world.settle_ms
    elif hook and not session.lane_taken:
        world.lost_slots += 1
    if not world.september:
        session.undelivered = False
    session.run = session.lock = None
    advance(world, session, rpc=not world.september)


def free_lane(world: "World", session: Session) -> None:
    """A dead owner's task leaves the lane; who got stuck behind it is never answered."""
    session.lane_taken, session.lane_free_at = False, None
    if session.lock is not None and session.lock.holder == "hook":
        session.lock = None
    advance(world, session, rpc=not world.september)


def tick(world: "World", session: Session) -> None:
    """Do what is due for one session at the world's time."""
    now, run, lock = world.now(), session.run, session.lock
    if run is not None and run.auto_end_at is not None and run.auto_end_at <= now:
        end(world, session, "done")
    elif lock is not None and lock.release_at is not None and lock.release_at <= now:
        settled(world, session, lock)
    elif session.lane_free_at is not None and session.lane_free_at <= now:
        free_lane(world, session)
    elif lock is not None and not world.lively and _recovers(world, session, lock):
        recover(world, session)
    elif lock is None and session.waiting and not world.september:
        advance(world, session)


def settled(world: "World", session: Session, lock: Lock) -> None:
    """September's terminal settle: 60 s after the abort the lock is released by force."""
    age = f"ageMs={world.now() - lock.since}"
    kind, end = (
        ("terminal", "aborted") if lock.phase == "aborted" else ("finalization", "completed")
    )
    text = f"sessionKey={session.key} phase={end} result={end} {age} ranForMs=0"
    world.log(f"reply run {kind} settle: forced release {text}", "WARN")
    session.lock = session.run = None
    if lock.holder == "hook":
        session.status, session.ended_at = "failed", world.now()
    events.changed(world, session, phase="error")
    advance(world, session, rpc=False)


def _recovers(world: "World", session: Session, lock: Lock) -> bool:
    """Whether April's own recovery acts: running, same id, a message waiting long enough."""
    if world.september or lock.phase != "running" or not session.id_match:
        return False
    waits = [w for w in session.waiting if w.state == "queued"]
    leaked = lock.holder in ("orphan", "hook")
    return leaked and bool(waits) and world.now() - lock.last_wait_at >= world.recovery_ms


def recover(world: "World", session: Session) -> None:
    """April's recovery of a leaked lock: both records, then the waiting message runs."""
    world.recovery(session.key, "requested")
    session.lock = session.run = None
    session.lane_taken = False
    world.recovery(session.key, "completed", status="released", action="release_lane")
    advance(world, session)


def pump(world: "World") -> None:
    """Start the runs whose lane has a slot for them now."""
    for session in lanes.admitted(world):
        if session.run is not None:
            begin_queued(world, session, session.run)
