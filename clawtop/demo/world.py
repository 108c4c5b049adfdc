"""The scripted world: what a gateway would know, and the ways a test changes it."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from clawtop.demo import (
    aborts,
    approvals,
    asking,
    companion,
    events,
    heartbeats,
    recovery,
    restarts,
    runs,
    snapshot,
)
from clawtop.demo.clock import Clock, SystemClock
from clawtop.demo.journal import LogFile, Stability
from clawtop.demo.model import (
    Approval,
    Generation,
    Lock,
    Obj,
    Out,
    Phase,
    QueuedLine,
    Run,
    RunHolder,
    Session,
    Via,
    Waiting,
    new_id,
)

QUEUE_CAP = 20
KEPT_RECOVERIES = 200


class World:
    """State of one gateway. Durations are ms of the world's clock.

    settle_ms: September's wait between abort and forced release. answer_ms: how long an
    automatic answer takes. recovery_ms: April's wait before it recovers a leaked lock.
    reset_wait_ms: how long a failing reset takes. ``now`` is any callable giving ms.
    over_count: April counts the first run of a new session twice. hidden_methods are neither
    announced nor known. health_extra overrides parts of ``health``.

    lively: heartbeats come, queued lines are taken by turns, the gateway diagnoses itself and
    restarts when it is asked to. A world that is not lively holds still for a test.
    actor: called at every tick, for a story. heartbeat_ms: None, or how often one comes.
    main_slots: another size of the main lane than the generation's default.

    companion: the plugin is loaded; allow_release: its switch is on. named_recoveries: the
    recovery events as the companion hears them, with their sessions.
    """

    def __init__(
        self,
        generation: Generation = "september",
        now: Clock | None = None,
        *,
        settle_ms: int = 60_000,
        answer_ms: int = 200,
        recovery_ms: int = 390_000,
        reset_wait_ms: int = 15_000,
        main_key: str = "agent:main:main",
        companion: bool = False,
        allow_release: bool = True,
    ) -> None:
        """Start an empty gateway."""
        self.generation: Generation = generation
        self.now: Clock = now or SystemClock()
        self.settle_ms, self.answer_ms = settle_ms, answer_ms
        self.recovery_ms, self.reset_wait_ms = recovery_ms, reset_wait_ms
        self.main_key = main_key
        self.companion, self.allow_release = companion, allow_release
        self.over_count = True
        self.lively = False
        self.actor: Callable[[], None] = lambda: None
        self.heartbeat_ms: int | None = None
        self.waiting_for_route = False
        self.main_slots: int | None = None
        self.agents: tuple[str, ...] = ("main",)
        self.version: str | None = None
        self.sessions: dict[str, Session] = {}
        self.resolved: list[Approval] = []
        self.log_file = LogFile()
        self.cron: list[Obj] = []
        self.presence: list[Obj] = []
        self.outbox: list[Out] = []
        self.routes = 0
        self.hidden_methods: set[str] = set()
        self.wake_server: Callable[[], None] = lambda: None
        self._boot()

    def _boot(self) -> None:
        """Set everything that lives in memory only."""
        self.boot_id, self.started_at = new_id(), self.now()
        self.approvals: dict[str, Approval] = {}
        self.queues: dict[str, list[QueuedLine]] = {}
        self.named_recoveries: deque[Obj] = deque(maxlen=KEPT_RECOVERIES)
        self.stability = Stability()
        self.tasks: list[Obj] = []
        self.heartbeats_enabled = True
        self.last_heartbeat: Obj | None = None
        self.next_heartbeat = self.started_at + 20_000
        self.beat_started: int | None = None
        self.beat_run: str | None = None
        self.wake_reason = "interval"
        self.next_diagnosis = self.started_at + recovery.TICK_MS
        self.lane_queue: list[str] = []
        self.lost_slots = 0
        self.askers: dict[str, asking.Asker] = {}
        self.draining = False
        self.restarting: restarts.Restart | None = None
        self.health_extra: Obj = {}
        self.state_version = {"presence": 1, "health": 1}

    @property
    def system_events(self) -> dict[str, list[str]]:
        """The texts that are queued, by session key."""
        return {key: [line.text for line in lines] for key, lines in self.queues.items()}

    @property
    def september(self) -> bool:
        """Whether this is the September generation."""
        return self.generation == "september"

    def new_session_id(self) -> str:
        """Return a fresh session id."""
        return new_id()

    @contextmanager
    def past(self, ms: int) -> Iterator[None]:
        """Let what happens inside have happened ``ms`` ago; no client is told of it."""
        present, told = self.now, self.outbox
        self.now, self.outbox = (lambda: present() - ms), []
        try:
            yield
        finally:
            self.now, self.outbox = present, told

    def put(self, out: Out) -> None:
        """Queue an event for the clients and wake the server."""
        self.outbox.append(out)
        self.wake_server()

    def session(self, key: str, *, new: bool = False, **fields: Any) -> Session:
        """Return the session of that key, made on first use; ``new`` means no earlier turn."""
        if key not in self.sessions:
            now = self.now()
            made = Session(
                key,
                new_id(),
                now - 60_000,
                now - 30_000,
                started_at=now - 31_000,
                ended_at=now - 30_000,
            )
            if new:
                made.created_at = made.updated_at = now
                made.turns, made.status, made.started_at, made.ended_at = 0, None, None, None
            else:
                made.last_run_id = new_id()
                made.messages = [
                    events.body(self, "user", "earlier", 1),
                    events.body(self, "assistant", "earlier answer", 2),
                ]
            self.sessions[key] = made
        for name, value in fields.items():
            if not hasattr(self.sessions[key], name):
                raise AttributeError(name)
            setattr(self.sessions[key], name, value)
        return self.sessions[key]

    def start_run(
        self,
        key: str,
        holder: RunHolder = "rpc",
        *,
        run_id: str | None = None,
        progress: bool = True,
        preparing: bool = False,
        text: str = "hello",
        new: bool = False,
    ) -> Run:
        """Start a run that goes on until ``end_run``; ``progress`` sends a first sign of life."""
        session = self.session(key, new=new)
        if holder == "channel" and session.channel is None:
            session.channel = "demochan"
        run = Run(run_id or new_id(), holder, self.now(), preparing)
        runs.start(self, session, run, None if holder == "heartbeat" else text)
        if progress and not preparing:
            runs.progress(self, session)
        return run

    def begin_run(self, key: str) -> None:
        """Let a run that is being prepared go on to running."""
        runs.begin(self, self.session(key), "hello")

    def progress(self, key: str) -> None:
        """Send one sign of life of the live run."""
        runs.progress(self, self.session(key))

    def end_run(self, key: str, status: str = "done") -> None:
        """End the live run as done, failed, killed or timeout; the next message runs."""
        runs.end(self, self.session(key), status)

    def leak(self, key: str, phase: Phase = "running", *, same_session_id: bool = True) -> Lock:
        """Leave an orphaned lock; with another session id when told so."""
        return runs.leak(self, self.session(key), phase, match=same_session_id)

    def stick_in_hook(self, key: str, text: str = "hello") -> Lock:
        """Hold the session by a channel message stuck in a plugin hook: lock and lane."""
        session = self.session(key)
        session.channel = session.channel or "demochan"
        return runs.stick(self, session, text)

    def hold_delivery(self, key: str, text: str = "hello") -> Lock:
        """Hold the session by a channel reply that is never delivered; its run is over."""
        run = self.start_run(key, "channel", text=text)
        run.answer = f"answer to: {text}"
        self.session(key).undelivered = True
        self.end_run(key)
        lock = self.session(key).lock
        if lock is None:
            raise ValueError(f"{key} is not held")
        return lock

    def ghost(self, key: str) -> Session:
        """Leave a row that says running although nothing holds the session."""
        session = self.session(key)
        session.run = session.lock = None
        session.status, session.started_at, session.ended_at = "running", self.now(), None
        return session

    def release(self, key: str, *, renew_lane: bool = False) -> None:
        """Clear the lock by force, as the companion plugin does, with or without the lane."""
        runs.release(self, self.session(key), renew_lane=renew_lane)

    def send(
        self, key: str, text: str, via: Via = "rpc", run_id: str | None = None
    ) -> Waiting | None:
        """Deliver a message; it runs at once (None) or waits behind the holder."""
        return runs.send(self, self.session(key), text, via, run_id or new_id())

    def waits(self, key: str, text: str, via: Via = "rpc", *, run_id: str | None = None) -> Waiting:
        """Deliver a message that has to wait; the session must be held."""
        item = self.send(key, text, via, run_id)
        if item is None:
            raise ValueError(f"nothing holds {key}")
        return item

    def abort(self, key: str, run_id: str | None = None, *, clear_queued: bool = False) -> Obj:
        """Do what ``sessions.abort`` does and return its answer."""
        session = self.session(key)
        if run_id is not None:
            return aborts.by_run(self, session, run_id)
        return aborts.by_key(self, session, clear_queued)

    def request_approval(
        self,
        command: str,
        session_key: str | None = None,
        *,
        id: str | None = None,
        kind: str = "exec",
        ttl_ms: int | None = None,
        needs_route: bool = False,
        owner: int | None = None,
        **fields: Any,
    ) -> str:
        """Ask for an approval and return its id; ``fields`` go into the request object.

        ``needs_route``: on September it is denied at once when no client announced an
        approval capability (measured on 2026.9.6). ``owner`` is the asking connection.
        """
        live = self.sessions[session_key].run if session_key in self.sessions else None
        if self.september and live is not None and owner is None:
            fields = {"runId": live.run_id, "toolCallId": f"call_{self.now()}"} | fields
        if kind == "plugin":
            own = {"title": command, "sessionKey": session_key}
            request = approvals.plugin_request(self, own | fields)
        else:
            request = approvals.exec_request(self, command, session_key, fields)
        record = approvals.build(self, kind, request, id, ttl_ms, owner)
        record.run_bound = session_key is not None and owner is None
        approvals.add(self, record)
        if needs_route and self.september and not self.routes:
            approvals.close(self, record, "denied", "no-route", decision="deny")
        return record.id

    def enqueue_event(self, key: str, text: str, context_key: str | None = None) -> bool:
        """Queue a system event; 20 is the cap.

        The same text or the same context key twice in a row is refused.
        """
        queue = self.queues.setdefault(key, [])
        last = queue[-1] if queue else None
        if last and (last.text == text or (context_key and last.context_key == context_key)):
            return False
        queue.append(QueuedLine(text, self.now(), context_key))
        del queue[:-QUEUE_CAP]
        return True

    def take_events(self, key: str) -> list[str]:
        """What is queued for a session; its next turn takes it, and it is gone."""
        return [line.text for line in self.queues.pop(key, [])]

    def heartbeat(self, status: str = "ok-empty", **fields: Any) -> None:
        """Send a heartbeat event and remember it as the last one."""
        self.last_heartbeat = {"ts": self.now(), "status": status, **fields}
        self.put(Out("heartbeat", self.last_heartbeat))

    def send_health(self) -> None:
        """Broadcast a health event, as the gateway does about every 60 s."""
        self.state_version["health"] += 1
        self.put(Out("health", snapshot.health(self), state_version=True))

    def add_task(self, task: Obj) -> Obj:
        """Add a task; id, times and status get defaults. September announces it."""
        ident, now = new_id(), self.now()
        full: Obj = {
            "id": ident,
            "taskId": ident,
            "kind": "subagent",
            "runtime": "subagent",
            "status": "running",
            "title": "task",
            "agentId": "main",
            "createdAt": now,
            "updatedAt": now,
            "startedAt": now,
        } | task
        self.tasks.append(full)
        self.put_task(full)
        return full

    def cancel_task(self, task_id: str) -> Obj:
        """Do what ``tasks.cancel`` does: the task ends, and with it the run that does it."""
        task = next((one for one in self.tasks if one["taskId"] == task_id), None)
        if task is None:
            return {"found": False, "cancelled": False, "reason": "Task not found."}
        live = task["status"] in ("queued", "running")
        if live:
            self.end_task(task, "cancelled")
            child = self.sessions.get(str(task.get("childSessionKey")))
            if child is not None and child.run and child.run.run_id == task.get("runId"):
                aborts.by_run(self, child, child.run.run_id)
        why = {} if live else {"reason": "Task is already terminal."}
        return {"found": True, "cancelled": live, **why, "task": task}

    def end_task(self, task: Obj, status: str = "completed") -> None:
        """Let a task be over."""
        task |= {"status": status, "endedAt": self.now(), "updatedAt": self.now()}
        self.put_task(task)

    def put_task(self, task: Obj) -> None:
        """Announce a changed task; only September has the event."""
        if self.september:
            self.put(Out("task", {"action": "upserted", "task": task}, "operator.read"))

    def record(self, kind: str, **fields: Any) -> Obj:
        """Add a record to the stability ring; it may carry no session name."""
        return self.stability.add(self.now(), kind, fields)

    def recovery(
        self,
        key: str,
        stage: Literal["requested", "completed"],
        status: str = "aborted",
        action: str = "abort_embedded_run",
        age_s: int = 360,
        reason: str = "active_work_without_progress",
        kind: str = "embedded_run",
        *,
        outcome: str | None = None,
        how: str = "",
        **fields: Any,
    ) -> None:
        """Record a step of the built-in recovery: nameless in the ring, named in the log.

        ``outcome``: why nothing was done. ``how``: what the log adds on how it went.
        """
        session = self.session(key)
        depth = len([w for w in session.waiting if w.state == "queued"])
        body: Obj = {"ageMs": age_s * 1000, "queueDepth": depth, "activeWorkKind": kind}
        names = f"sessionId={session.session_id} sessionKey={key}"
        if stage == "requested":
            head = {"outcome": "processing", "action": "abort", "reason": reason}
            told = self.record("session.recovery.requested", **head, **body, **fields)
            self.named_recoveries.append(companion.heard(session, told))
            self.log(
                f"stalled session: {names} state=processing age={age_s}s "
                f"queueDepth={depth} reason={reason} classification=stalled_agent_run "
                f"activeWorkKind={kind} recovery=checking",
                "WARN",
            )
            return
        why = {} if outcome is None else {"reason": outcome}
        head = {"outcome": status, "action": action}
        told = self.record("session.recovery.completed", **head, **body, **why, **fields)
        self.named_recoveries.append(companion.heard(session, told))
        said = "".join(f" {one}" for one in (f"reason={outcome}" if outcome else "", how) if one)
        self.log(
            f"stuck session recovery outcome: status={status} action={action} {names} "
            f"activeWorkKind={kind} lane=session:{key}{said} released=0",
            "WARN",
        )

    def message_came(self, session: Session) -> None:
        """A message began to wait: a recovery under way takes notice."""
        recovery.message_came(self, session)

    def log(
        self, message: str, level: str = "INFO", subsystem: str = "diagnostic", **fields: Any
    ) -> None:
        """Write one line into the log file."""
        self.log_file.add(self.now(), level, message, subsystem, fields)

    def restart(self) -> None:
        """Be a new process: new boot id, memory gone, runs gone; stored rows stay."""
        for record in list(self.approvals.values()):
            self.approvals.pop(record.id)
            record.status, record.reason = "cancelled", "gateway-restart"
            self.resolved.insert(0, record)
        for session in self.sessions.values():
            if session.lock is not None and session.run is not None:
                session.status, session.ended_at = "failed", self.now()
            session.run = session.lock = None
            session.lane_taken = session.undelivered = False
            session.lane_free_at = session.recovering = None
            session.waiting.clear()
        self.outbox.clear()
        self._boot()

    def tick(self) -> None:
        """Do everything that is due at the world's time."""
        self.actor()
        for session in list(self.sessions.values()):
            if session.lock is not None or session.waiting or session.lane_free_at is not None:
                runs.tick(self, session)
        runs.pump(self)
        approvals.expire(self)
        asking.tick(self)
        if self.lively:
            recovery.tick(self)
            heartbeats.tick(self)
            restarts.tick(self)

    def touch(self, key: str, reason: str = "patch") -> None:
        """Announce a row after a test changed it by hand."""
        events.changed(self, self.session(key), reason=reason)
