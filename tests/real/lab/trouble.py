"""Incidents on demand against a gateway started with ``serve``: what an on-call person meets."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from .operator import APPROVAL_CAPS, CallError, Frame, Operator

ANSWER_TIMEOUT_S = 60.0
_DENY_AFTER_S = 0.7
"""Seconds a command waits before it is denied, so that a person can see it come and go."""
_CASCADE = 12


def send(operator: Operator, key: str, text: str) -> str:
    """chat.send to one session; returns the run id."""
    params = {"sessionKey": key, "message": text, "idempotencyKey": str(uuid.uuid4())}
    return str(operator.call("chat.send", params)["runId"])


def wait_final(operator: Operator, run_id: str, timeout: float = ANSWER_TIMEOUT_S) -> Frame:
    """The chat event that ends a run (state final, aborted or error).

    The lock of the session lives on for a fraction of a second after it.
    """
    ends = ("final", "aborted", "error")
    return operator.wait_event(
        lambda event: (
            event["event"] == "chat"
            and event["payload"].get("runId") == run_id
            and event["payload"].get("state") in ends
        ),
        timeout,
    )


def find_lock(operator: Operator, key: str) -> dict[str, Any] | None:
    """The registry's lock of that session as ``lab.truth`` tells it."""
    locks: list[dict[str, Any]] = operator.call("lab.truth")["locks"]
    return next((lock for lock in locks if lock["key"] == key), None)


def settled_session(operator: Operator, key: str) -> str:
    """Make sure that session exists and is idle; returns its session id."""
    wait_final(operator, send(operator, key, "hello [[answer:here I am]]"))
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while find_lock(operator, key) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{key} is still locked")
        time.sleep(0.05)
    rows = operator.call("sessions.list", {})["sessions"]
    return next(str(row["sessionId"]) for row in rows if row["key"] == key)


def hang(operator: Operator) -> str:
    """A run whose model accepted the request and never sends a byte."""
    key = "agent:main:lab-hang"
    send(operator, key, "please think about this [[hang]]")
    return f"{key}: the model will never answer"


def leak(operator: Operator) -> str:
    """An orphaned lock: held by nobody, phase running."""
    key = "agent:main:lab-leak"
    session_id = settled_session(operator, key)
    params = {"key": key, "sessionId": session_id, "phase": "running", "agentId": "main"}
    operator.call("lab.leak", params)
    return f"{key}: locked, and nobody owns the lock"


def approvals(operator: Operator) -> str:
    """A backlog of commands that wait for a decision, three of them the same."""
    commands = ["git push origin main"] * 3 + [f"make deploy STEP={step}" for step in range(5)]
    # Nobody approves his own request: without a second client that could, it is refused at once.
    with operator.another() as asker:
        for command in commands:
            ask_approval(asker, "agent:main:lab-approvals", command)
    return f"{len(commands)} commands wait for ten minutes"


def ask_approval(asker: Operator, key: str, command: str) -> str:
    """Ask for leave to run a command; returns the approval id.

    Another connected client must be able to decide (on 9.6: one with APPROVAL_CAPS). Once
    accepted the request stays, even when everybody leaves.
    """
    params = {
        "command": command,
        "host": "gateway",
        "agentId": "main",
        "sessionKey": key,
        "timeoutMs": 600_000,
        "twoPhase": True,
    }
    answer = asker.call("exec.approval.request", params)
    if answer.get("status") != "accepted":
        raise CallError("REFUSED", "nobody else is connected who could decide", answer)
    return str(answer["id"])


def events(operator: Operator) -> str:
    """Pending system events in two sessions, one completion reported twice."""
    for number in range(1, 6):
        operator.call("system-event", {"text": f"lab event {number}"})
    done = "Exec finished (node=lab, id=42, code 0)"
    for text in (done, "something else happened", done):
        operator.call("lab.enqueue", {"key": "agent:main:lab-events", "text": text})
    return "5 events for the main session, 3 for agent:main:lab-events"


def cascade(operator: Operator) -> str:
    """An agent that asks again after every denial; needs ``serve --approvals``."""
    key = "agent:main:lab-cascade"
    since = len(operator.events)
    run_id = send(operator, key, f"[[exec-again:{_CASCADE}:touch lab-cascade.txt]]")
    seen: set[str] = set()
    for _ in range(_CASCADE):
        request = operator.wait_event(_new_request(key, seen), ANSWER_TIMEOUT_S, since=since)
        seen.add(request["payload"]["id"])
        time.sleep(_DENY_AFTER_S)
        decision = {"id": request["payload"]["id"], "decision": "deny"}
        operator.call("exec.approval.resolve", decision)
    wait_final(operator, run_id)
    return f"{key}: asked {_CASCADE} times, denied {_CASCADE} times"


def _new_request(key: str, seen: set[str]) -> Callable[[Frame], bool]:
    def fits(event: Frame) -> bool:
        if event["event"] != "exec.approval.requested":
            return False
        payload = event["payload"]
        return payload["request"].get("sessionKey") == key and payload["id"] not in seen

    return fits


KINDS: dict[str, Callable[[Operator], str]] = {
    "hang": hang,
    "leak": leak,
    "approvals": approvals,
    "events": events,
    "cascade": cascade,
}


def make_trouble(kind: str, url: str, token: str) -> str:
    """Connect, cause that incident, return one line that says what to look for."""
    # Elsewhere the lab must not be a route for approvals: that changes what a gateway does.
    caps = APPROVAL_CAPS if kind in ("approvals", "cascade") else ()
    with Operator(url, token, caps=caps, name="lab trouble") as operator:
        return KINDS[kind](operator)
