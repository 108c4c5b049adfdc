"""One story told to a gateway: the same questions in the same situations, and what came back.

What is noted has a name, "METHOD / SITUATION" or "event NAME WORD / SESSION". Only what concerns
the story's own sessions is noted: the gateway may be shared.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from .doors import DOORS, PATHS, REFUSED, knock, page
from .lab.operator import CallError, Frame, Operator
from .lab.trouble import ask_approval, send, wait_final
from .scene import eventually
from .sides import Side, operator

ANSWER_S = 30.0
REBUILDING = "session history is rebuilding"  # 2026.9.6 for a moment after an abort
READING = (
    "status",
    "health",
    "sessions.subscribe",
    "gateway.restart.preflight",
    "diagnostics.stability",
    "logs.tail",
    "system-presence",
    "tasks.list",
    "last-heartbeat",
    "exec.approval.list",
    "plugin.approval.list",
)
READING_SEPTEMBER = ("diagnostics.lanes", "openclaw.approval.list", "approval.history")

NOBODY = "nobody"
"""Whose events are those that name no session."""

Notes = dict[str, list[Any]]


class Story:
    """Told once; ``notes`` holds every sample by name."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.notes: Notes = defaultdict(list)
        self._own: dict[str, str] = {}
        self._told = 0
        self.me = operator(side)
        self.other = operator(side, name="the asker")

    @property
    def reading(self) -> tuple[str, ...]:
        """The questions without a session."""
        return READING + (READING_SEPTEMBER if self.side.september else ())

    # -- means

    def key(self, name: str) -> str:
        """A session of this story."""
        key = self.side.key(name)
        self._own[key] = name
        return key

    def ask(self, situation: str, method: str, /, **params: Any) -> Frame:
        """Ask, note the whole answer, return it."""
        return self.ask_as(self.me, situation, method, params)

    def ask_as(
        self, who: Operator, situation: str, method: str, params: Mapping[str, Any]
    ) -> Frame:
        """The same as somebody else."""

        def answer() -> Frame | None:
            frame = who.request(method, params).answers.get(timeout=ANSWER_S)
            return None if REBUILDING in frame.get("error", {}).get("message", "") else frame

        frame = eventually(answer, f"answer to {method}")
        assert frame is not None
        self.notes[f"{method} / {situation}"].append(self._mine(method, frame))
        return frame

    def _mine(self, method: str, frame: Frame) -> Frame:
        """Without its id, and of a list only what is ours."""
        kept = {name: value for name, value in frame.items() if name not in ("id", "type")}
        if method == "sessions.list" and frame["ok"]:
            rows = [row for row in frame["payload"]["sessions"] if row["key"] == self._row_of]
            kept["payload"] = {**frame["payload"], "sessions": rows}
        return kept

    _row_of = ""
    _replies = 0

    def look(self, situation: str, key: str) -> None:
        """Ask everything that is read, and everything about one session."""
        self._row_of = key
        for method in self.reading:
            self.ask(situation, method)
        self.ask(situation, "sessions.list", limit=200)
        self.ask(situation, "sessions.describe", key=key)
        self.ask(situation, "chat.history", sessionKey=key, limit=50)

    def heard(self, *, runs: bool = True) -> None:
        """Note the events since the last call; an answer comes after what happened before it."""
        self.me.call("last-heartbeat")
        events = self.me.events
        for event in events[self._told :]:
            whose = self._whose(event)
            if whose == NOBODY or (runs and whose is not None):
                self.notes[f"event {name_of(event)} / {whose}"].append(_frame(event))
        self._told = len(events)

    def forget(self) -> None:
        """Leave the runs so far out: one side needs more of them to get here."""
        self.heard(runs=False)

    def _whose(self, event: Frame) -> str | None:
        """The session of an event as the story calls it; None for those of somebody else."""
        payload = event["payload"] if isinstance(event["payload"], dict) else {}
        if "request" in payload:
            payload = payload["request"]
        elif "task" in payload:
            payload = payload["task"]
        key = payload.get("sessionKey")
        return NOBODY if key is None else self._own.get(key)

    def happened(self, name: str, key: str) -> None:
        """Wait until that event of that session came, since ``heard`` was called last."""
        self.me.wait_event(
            lambda event: name_of(event) == name and event["payload"].get("sessionKey") == key,
            since=self._told,
        )

    # -- the story

    def tell(self) -> Notes:
        """The whole story."""
        self.notes["hello / admin"].append(self.me.hello)
        self.notes["hello / admin"].append(self.other.hello)
        self.ask("connected", "sessions.subscribe")
        self.turn()
        self.hung()
        self.working()
        self.channel()
        self.leaked()
        self.agent_asks()
        self.approvals()
        self.plugin_approvals()
        self.waiting_events()
        self.tasks()
        self.reset()
        self.mistakes()
        self.narrow()
        self.doors()
        self.pages()
        self.me.wait_event(lambda event: event["event"] == "tick", 45)
        self.heard()
        self.other.close()
        self.me.close()
        return self.notes

    def turn(self) -> None:
        """A whole healthy turn, seen as it happens; then an idle session."""
        key = self.key("turn")
        wait_final(self.me, send(self.me, key, "hello"))
        self.happened("sessions.changed phase=end", key)
        self.idle(key)
        self.heard()
        self.look("idle", key)
        self.ask("idle", "health", probe=True)
        self.ask("idle", "sessions.abort", key=key)
        self.ask("idle", "chat.abort", sessionKey=key)
        self.ask("unknown session", "sessions.describe", key=self.key("never"))
        self.ask("unknown session", "chat.history", sessionKey=self.key("never"))
        self.ask("unknown session", "sessions.abort", key=self.key("never"))
        self.heard()

    def send(self, key: str) -> str:
        """A message that has to wait behind whatever holds the session; returns its run id."""
        more, self._replies = _id(), self.replies()
        message = {"message": "[[answer:more]]", "idempotencyKey": more}
        self.ask(f"held, {self._own[key]}", "chat.send", sessionKey=key, **message)
        if self.side.september:
            wait_final(self.me, more)
        eventually(lambda: self.waits(key), "waiting message")
        return more

    def waits(self, key: str) -> bool:
        """Whether a message waits: it is listed, or there are more replies owed than before."""
        if self.side.september:
            try:
                told = self.me.call("chat.history", {"sessionKey": key, "limit": 1})
            except CallError:
                return True  # told for a moment after an abort: its history is rebuilt
            return any(one["state"] == "queued" for one in told["pendingInputs"]["items"])
        return self.replies() > self._replies

    def replies(self) -> int:
        """How many replies the gateway owes."""
        return int(self.me.call("gateway.restart.preflight")["counts"]["pendingReplies"])

    def idle(self, key: str) -> None:
        """Until nothing holds that session."""

        def quiet() -> bool:
            rows = self.me.call("sessions.list", {})["sessions"]
            row = next((row for row in rows if row["key"] == key), {})
            return row.get("status") != "running" and not row.get("hasActiveRun")

        eventually(quiet, f"end of the work in {key}")

    def hung(self) -> None:
        """A run of ours that hangs, a message that waits behind it, and the end of both."""
        key = self.key("hung")
        self.side.settled(key)
        self.forget()
        run = self.side.hang(key)
        self.heard()
        self.look("hung run", key)
        self.send(key)
        self.heard()
        self.look("waiting message", key)
        self.ask("hung run", "sessions.abort", runId=run)
        self.happened("sessions.changed phase=end", key)
        eventually(lambda: not self.waits(key), "end of the waiting")
        self.idle(key)
        self.heard()
        self.look("waiting message answered", key)
        again = self.key("hung-again")
        self.side.settled(again)
        self.side.hang(again)
        self.heard()
        self.ask("hung run", "chat.abort", sessionKey=again)
        self.happened("sessions.changed phase=end", again)
        self.idle(again)
        self.heard()
        self.look("aborted by chat.abort", again)
        fresh = self.key("fresh")
        self.side.hang(fresh)
        self.heard()
        self.look("first turn hangs", fresh)
        self.ask("first turn hangs", "sessions.abort", key=fresh)
        self.happened("sessions.changed phase=end", fresh)
        self.idle(fresh)
        self.heard()
        self.look("first turn aborted", fresh)

    def working(self) -> None:
        """A long run that writes all the time."""
        key = self.key("working")
        self.side.drip(key)
        self.happened("agent assistant", key)
        self.heard()
        self.look("working run", key)
        self.ask("working run", "sessions.abort", key=key)
        self.happened("sessions.changed phase=end", key)
        self.idle(key)
        self.heard()

    def channel(self) -> None:
        """A run that a chat channel brought."""
        key = self.key("channel")
        self.side.channel(key)
        self.heard()
        self.look("channel run", key)
        self.ask("channel run", "sessions.abort", key=key)
        self.side.let_go()
        self.idle(key)
        self.heard()
        self.look("channel run ended", key)
        answered = self.key("channel-answered")
        self.side.channel(answered)
        self.side.let_go()
        self.idle(answered)
        self.heard()
        self.look("channel run answered", answered)

    def leaked(self) -> None:
        """A lock that nobody owns, and what an abort answers."""
        key = self.key("leaked")
        self.side.leak(key)
        self.forget()
        self.look("leak", key)
        self.ask("leak", "sessions.abort", runId="no-such-run")
        more = self.send(key)
        self.look("message behind a leak", key)
        answer = self.ask("message behind a leak", "sessions.abort", key=key)
        assert answer["payload"]["abortedRunId"] == more  # the victim, on either version
        if self.side.september:
            self.happened("sessions.changed reason=abort", key)
        self.ask("leak, again", "sessions.abort", key=key)
        self.look("aborted leak", key)
        self.heard()
        self.side.unleak(key)
        self.heard()

    def agent_asks(self) -> None:
        """A run that waits for leave: denied once, and aborted once."""
        key = self.key("asks")
        self.side.agent_asks(key, "touch one")
        ident = self._asked(key)
        self.heard()
        self.look("agent asks", key)
        self.ask("agent asks", "exec.approval.get", id=ident)
        self._record("agent asks", ident)
        self.ask("agent asks", "exec.approval.resolve", id=ident, decision="deny")
        self._record("denied", ident)
        self.side.let_go()
        self.idle(key)
        self.heard()
        gone = self.key("asks-and-goes")
        self.side.agent_asks(gone, "touch two")
        orphan = self._asked(gone)
        self.heard()
        self.ask("agent asks", "sessions.abort", key=gone)
        self.happened("sessions.changed phase=end", gone)
        self.idle(gone)
        self.look("asking run aborted", gone)
        self._record("asking run aborted", orphan)
        self.heard()
        self.ask("asking run aborted", "exec.approval.resolve", id=orphan, decision="deny")
        self.heard()

    def _asked(self, key: str) -> str:
        event = self.me.wait_event(
            lambda event: (
                event["event"] == "exec.approval.requested"
                and event["payload"]["request"].get("sessionKey") == key
            ),
            since=self._told,
        )
        return str(event["payload"]["id"])

    def _record(self, situation: str, ident: str) -> None:
        if self.side.september:
            self.ask(situation, "approval.get", id=ident)
            self.ask(situation, "approval.history", limit=100)

    def approvals(self) -> None:
        """Requests of another client: every way to answer one, and every refusal."""
        key = self.key("requests")
        one, two, three, four = (
            ask_approval(self.other, key, f"make {step}") for step in ("a", "b", "c", "d")
        )
        self.heard()
        self.look("client asks", key)
        self.ask("client asks", "exec.approval.get", id=one[:-4])
        self.ask("odd word", "exec.approval.resolve", id=one, decision="maybe")
        self.ask("first answer", "exec.approval.resolve", id=one, decision="deny")
        self.ask("same answer", "exec.approval.resolve", id=one, decision="deny")
        self.ask("other answer", "exec.approval.resolve", id=one, decision="allow-once")
        self.ask("answered", "exec.approval.get", id=one)
        self.ask("allowed", "exec.approval.resolve", id=two, decision="allow-once")
        self.ask("unknown id", "exec.approval.resolve", id="no-such", decision="deny")
        self.ask("unknown id", "exec.approval.get", id="no-such")
        self.ask("unknown id", "plugin.approval.resolve", id="plugin:no-such", decision="deny")
        if self.side.september:
            deny = {"id": three, "kind": "exec", "decision": "deny"}
            self.ask("first answer", "approval.resolve", **deny)
            self.ask("same answer", "approval.resolve", **deny)
            self.ask("other answer", "approval.resolve", **{**deny, "decision": "allow-once"})
            self.ask("other kind", "approval.resolve", **{**deny, "id": four, "kind": "plugin"})
            self.ask("unknown id", "approval.resolve", **{**deny, "id": "no-such"})
            self.ask("unknown id", "approval.get", id="no-such")
            self.ask("unknown kind", "approval.resolve", **{**deny, "id": four, "kind": "odd"})
        else:
            self.ask("first answer", "exec.approval.resolve", id=three, decision="deny")
        self.ask("last answer", "exec.approval.resolve", id=four, decision="deny")
        self.look("all answered", key)
        self.heard()

    def plugin_approvals(self) -> None:
        """The same of a plugin's kind."""
        params = {"title": "t", "description": "d", "timeoutMs": 60_000, "twoPhase": True}
        accepted = self.ask_as(self.other, "", "plugin.approval.request", params)
        self.ask("plugin asks", "plugin.approval.list")
        ident = accepted["payload"]["id"]
        if self.side.september:
            self.ask("plugin asks", "approval.get", id=ident)
        self.ask("plugin asks", "plugin.approval.resolve", id=ident, decision="deny")
        self.heard()

    def waiting_events(self) -> None:
        """Queued system events, and the heartbeat switch."""
        self.ask("a line", "system-event", text="conformance one")
        self.ask("a line", "wake", mode="next-heartbeat", text="conformance two")
        self.ask("events wait", "status")
        self.ask("events wait", "system-presence")
        self.ask("off", "set-heartbeats", enabled=False)
        self.ask("on", "set-heartbeats", enabled=True)
        self.heard()

    def tasks(self) -> None:
        """A background task, and its end."""
        self.ask("unknown task", "tasks.cancel", taskId="no-such")
        key = self.key("task")
        ident = self.side.task(key)
        self.heard()
        self.ask("a task", "status")
        self.ask("a task", "gateway.restart.preflight")
        self.ask("a task", "tasks.list", sessionKey=key)
        self.ask("a task", "tasks.list", status="running")
        self.ask("a task", "tasks.get", taskId=ident)
        self.ask("a task", "tasks.cancel", taskId=ident)
        self.ask("a cancelled task", "tasks.cancel", taskId=ident)
        self.side.let_go()
        self.idle(key)
        self.ask("a cancelled task", "tasks.list", sessionKey=key)
        self.ask("a cancelled task", "status")
        self.heard()

    def reset(self) -> None:
        """sessions.reset of an idle session."""
        key = self.key("reset")
        self.side.settled(key)
        self.forget()
        self.ask("idle", "sessions.reset", key=key)
        self.happened("sessions.changed reason=reset", key)
        self.heard()
        self.look("after a reset", key)

    def mistakes(self) -> None:
        """What is answered to a question that cannot be answered."""
        self.ask("unknown", "no.such.method")
        for method in self.reading:
            self.ask("unknown parameter", method, surprise=1)
        self.ask("unknown parameter", "sessions.list", surprise=1)
        self.ask("wrong type", "sessions.list", limit="many")
        self.ask("negative", "sessions.list", limit=-1)
        self.ask("too many", "diagnostics.stability", limit=100_000)
        self.ask("unknown parameter", "chat.history", sessionKey="agent:main:x", surprise=1)
        self.ask("no key", "chat.history")
        self.ask("unknown parameter", "sessions.abort", key="agent:main:x", surprise=1)
        self.ask("no key", "sessions.abort")
        self.ask("wrong type", "sessions.abort", key=7)
        self.ask("no key", "chat.send", sessionKey="agent:main:x", message="m")
        self.ask("no id", "exec.approval.resolve", decision="deny")
        self.ask("no id", "tasks.cancel")
        self.ask("unknown task", "tasks.get", taskId="no-such")
        self.ask("nothing of that type", "diagnostics.stability", type="no.such")
        self.ask("wrong type", "set-heartbeats", enabled="no")
        self.ask("negative", "logs.tail", cursor=-1)
        self.ask("far cursor", "logs.tail", cursor=10**12)
        self.ask("unknown parameter", "set-heartbeats", enabled=True, surprise=1)
        self.ask("no word", "set-heartbeats")
        self.ask("clearQueued", "sessions.abort", key=self.key("never"), clearQueued=True)
        self.ask("activeOnly", "sessions.list", activeOnly=True, limit=1)

    def narrow(self) -> None:
        """Clients with fewer scopes."""
        with operator(self.side, scopes=["operator.read"]) as reader:
            self.notes["hello / read only"].append(reader.hello)
            for method, params in REFUSED.items():
                self.ask_as(reader, "reader", method, params)
        with operator(self.side, scopes=["operator.approvals"]) as decider:
            self.notes["hello / approvals only"].append(decider.hello)
            for method, params in {**REFUSED, "status": {}}.items():
                self.ask_as(decider, "decider", method, params)

    def doors(self) -> None:
        """Ways to be turned away, and how the gateway closes."""
        for name, changes in DOORS.items():
            self.notes[f"connect / {name}"].append(knock(self.side, changes))

    def pages(self) -> None:
        """The HTTP side of the port."""
        for path in PATHS:
            self.notes[f"http {path} / live"].append(page(self.side, path))


def name_of(event: Frame) -> str:
    """The event's name with the word that tells its kind."""
    name, payload = event["event"], event["payload"]
    if name == "sessions.changed":
        word = "phase" if "phase" in payload else "reason"
        return f"{name} {word}={payload.get(word)}"
    if name == "chat":
        return f"{name} {payload['state']}"
    if name == "agent":
        phase = payload["data"].get("phase")
        return f"{name} {payload['stream']}" + (f" {phase}" if phase else "")
    if name == "session.message":
        return f"{name} {payload['message'].get('role')}"
    return str(name)


def _frame(event: Frame) -> Frame:
    return {name: value for name, value in event.items() if name not in ("type", "event")}


def _id() -> str:
    return str(uuid.uuid4())
