"""One shared gateway as a test sees it: keys of its own, truth from memory, and tidying up."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from .lab import CallError, FakeProvider, Operator, RealGateway
from .lab.operator import APPROVAL_CAPS
from .lab.trouble import ask_approval, send, settled_session

T = TypeVar("T")

PATIENCE_S = 30.0
LOOK_EVERY_S = 0.1


def eventually(found: Callable[[], T], what: str, timeout: float = PATIENCE_S) -> T:
    """The first true result of ``found``; AssertionError when there is none in time."""
    deadline = time.monotonic() + timeout
    while True:
        result = found()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"within {timeout:g} s there was no {what}")
        time.sleep(LOOK_EVERY_S)


class Scene:
    """A gateway, its model provider and a connected operator; ``tidy`` undoes what a test did.

    The operator announces no approval capability: on 2026.9.6 it is no route for approvals.
    """

    def __init__(self, gateway: RealGateway, provider: FakeProvider, operator: Operator) -> None:
        self.gateway, self.provider, self.operator = gateway, provider, operator
        self._keys: list[str] = []
        self._leaked: set[str] = set()
        self._askers: list[Operator] = []

    @property
    def version(self) -> str:
        return self.gateway.version

    @property
    def later(self) -> bool:
        """The September generation: rows show every lock, times are exact."""
        return self.version == "2026.9.6"

    def key(self, name: str) -> str:
        """A session key that no other test uses."""
        key = f"agent:main:{name}-{uuid.uuid4().hex[:6]}"
        self._keys.append(key)
        return key

    # -- truth

    def truth(self) -> dict[str, Any]:
        """What the gateway's memory holds now."""
        truth: dict[str, Any] = self.operator.call("lab.truth")
        return truth

    def locks(self) -> dict[str, dict[str, Any]]:
        """Every reply-run lock in the registry, by session key."""
        return {lock["key"]: lock for lock in self.truth()["locks"]}

    def event_texts(self, key: str) -> list[str]:
        """Texts of the system events queued for that session, oldest first."""
        queues = {queue["key"]: queue["events"] for queue in self.truth()["systemEvents"]}
        return [event["text"] for event in queues.get(key, ())]

    def pending(self) -> dict[str, dict[str, Any]]:
        """Pending command approvals, by id."""
        return {row["id"]: row for row in self.operator.call("exec.approval.list")}

    # -- trouble

    def chat(self, key: str, text: str) -> str:
        """A run that an RPC starts and that reached its model; returns the run id."""
        mark = uuid.uuid4().hex
        run_id = send(self.operator, key, f"{mark} {text}")
        self._await_model(key, mark)
        return run_id

    def channel(self, key: str, text: str, sender: str) -> None:
        """A run that a chat channel starts, at its model."""
        mark = uuid.uuid4().hex
        params = {"key": key, "text": f"{mark} {text}", "from": sender}
        self.operator.call("lab.channelMessage", params)
        self._await_model(key, mark)

    def _await_model(self, key: str, mark: str) -> None:
        """Until the model is asked and the session's row says that it runs."""
        self.provider.wait_request(mark, 60)
        eventually(lambda: self._runs(key), f"running row of {key}")

    def _runs(self, key: str) -> bool:
        return self.row(key).get("status") == "running" and key in self.locks()

    def row(self, key: str) -> dict[str, Any]:
        """The session's row as the gateway lists it; empty when there is none."""
        rows = self.operator.call("sessions.list", {})["sessions"]
        return next((row for row in rows if row["key"] == key), {})

    def settled(self, key: str) -> str:
        """A session with one finished turn; returns its session id."""
        return settled_session(self.operator, key)

    def leak(self, key: str, *, phase: str = "running", session_id: str | None = None) -> str:
        """A lock that nobody owns, in a session with a finished turn; returns the session id.

        ``session_id``: another one than the session's own, for a lock that rows hide.
        """
        session_id = session_id or self.settled(key)
        params = {"key": key, "sessionId": session_id, "phase": phase, "agentId": "main"}
        self.operator.call("lab.leak", params)
        self._leaked.add(key)
        assert key in self.locks()
        return session_id

    def ask(self, key: str, commands: list[str]) -> list[str]:
        """Ask for leave to run these; returns the approval ids. Needs a ``decider``."""
        asker = self.operator.another(name="lab asker")
        self._askers.append(asker)
        return [ask_approval(asker, key, command) for command in commands]

    def decider(self) -> Operator:
        """A connected person who can answer approvals (on 2026.9.6 that takes a capability)."""
        person = self.operator.another(caps=APPROVAL_CAPS, name="lab decider")
        self._askers.append(person)
        return person

    # -- tidying up

    def tidy(self) -> None:
        """Deny what is pending, end every run of this test, wait until its locks are gone."""
        for approval_id in self.pending():
            with suppress(CallError):  # decided meanwhile
                params = {"id": approval_id, "decision": "deny"}
                self.operator.call("exec.approval.resolve", params)
        for person in self._askers:
            person.close()
        self._askers.clear()
        eventually(self._freed, f"end of the locks of {self._keys}", 90)
        self._keys.clear()

    def all_quiet(self) -> None:
        """Let every model call end until the gateway works on nothing at all."""

        def quiet() -> bool:
            self.provider.release_hangs()
            counts = self.operator.call("gateway.restart.preflight")["counts"]
            return counts["totalActive"] == 0 and not self.locks()

        eventually(quiet, "end of the gateway's work", 60)

    def _freed(self) -> bool:
        """Let every hung model call end; clear a leaked lock by force."""
        self.provider.release_hangs()
        self.operator.call("lab.unstick")
        left = self.locks().keys() & set(self._keys)
        for key in left & self._leaked:
            self.operator.call("lab.unleak", {"key": key})
        return not left
