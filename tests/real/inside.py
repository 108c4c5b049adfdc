"""A gateway with the companion in it: what it tells, what memory holds, and trouble to tell of."""

from __future__ import annotations

from typing import Any

from .lab import Operator
from .lab.trouble import send
from .scene import Scene, eventually

CHANNEL_STOP = "[clawtop] /stop"
"""A stop word as a channel brings it: acts by session key, also where nobody owns the lock."""

ANSWERED = "[[answer:yes]]"
"""The turn after one that was cut off may find its words in front of its own: the last one wins."""


class Inside(Scene):
    """A scene whose gateway has loaded the companion."""

    def look(self, **params: Any) -> dict[str, Any]:
        """``clawtop.snapshot``."""
        answer: dict[str, Any] = self.operator.call("clawtop.snapshot", params)
        return answer

    def told(self, key: str) -> dict[str, Any] | None:
        """What the companion tells of the lock of that session; None: it lists none."""
        return next((one for one in self.look()["locks"]["items"] if one["key"] == key), None)

    def events(self, key: str) -> list[dict[str, Any]]:
        """What it tells of the system events of that session."""
        queues = self.look()["systemEvents"]["items"]
        return next((queue["events"] for queue in queues if queue["key"] == key), [])

    def token(self, key: str) -> str:
        lock = self.told(key)
        assert lock is not None, f"nothing holds {key}"
        return str(lock["token"])

    def release(self, key: str, token: str, operator: Operator | None = None) -> dict[str, Any]:
        """``clawtop.release``, with that token."""
        params = {"key": key, "token": token}
        answer: dict[str, Any] = (operator or self.operator).call("clawtop.release", params)
        return answer

    def drop(self, key: str, token: str) -> dict[str, Any]:
        """``clawtop.dropEvent``."""
        answer: dict[str, Any] = self.operator.call(
            "clawtop.dropEvent", {"key": key, "token": token}
        )
        return answer

    # -- trouble

    def orphan(self, key: str, *, phase: str = "running", session_id: str | None = None) -> str:
        """A lock that nobody owns in that phase; ``session_id`` makes it another's."""
        own = self.settled(key)
        return self.leak(key, phase=phase, session_id=session_id or own)

    def message(self, key: str, text: str, sender: str) -> str:
        """A message that a channel brings; returns its id without waiting for anything."""
        params = {"key": key, "text": text, "from": sender}
        return str(self.operator.call("lab.channelMessage", params)["messageId"])

    def await_answer(self, key: str, message_id: str, timeout: float = 10) -> str:
        """The text that was delivered in answer to that message."""

        def answer() -> str:
            replies = self.operator.call("lab.replies", {"key": key})["replies"]
            return next((one["text"] for one in replies if one["messageId"] == message_id), "")

        return eventually(answer, f"answer to a message in {key}", timeout)

    def waiting(self, key: str, sender: str = "bob") -> str:
        """The first channel message that waits behind the lock of that session; returns its id."""
        message_id = self.message(key, f"are you there? {ANSWERED}", sender)
        eventually(lambda: (self.told(key) or {}).get("waiters"), f"a waiter of {key}")
        return message_id

    def hooked(self, key: str) -> None:
        """A channel turn whose owner sits in a plugin's hook and never comes back."""
        self.settled(key)
        self.message(key, "[[stuck]]", "ada")
        eventually(lambda: (self.told(key) or {}).get("laneTask"), f"a lane task of {key}")

    def hung(self, key: str) -> None:
        """A channel turn whose model never answers."""
        self.settled(key)
        self.channel(key, "[[hang]]", "ada")
        eventually(lambda: (self.told(key) or {}).get("embeddedRun"), f"a run of {key}")

    def undelivered(self, key: str) -> None:
        """A channel turn whose reply hangs on its way out: its run is over, and its lane is free.

        On 2026.5.28 the end of the run lets the session go, and the same turn takes it once more
        to hand out the reply: a message that comes in between would be answered before that.
        """
        self.settled(key)
        before = self.row(key)["endedAt"]
        self.message(key, "[[never-deliver]] hello", "lab-first")
        held = "running" if self.later else "queued"

        def hangs() -> bool:
            lock = self.told(key) or {}
            ended = self.row(key).get("endedAt", before) != before
            return ended and lock.get("laneTask") is False and lock.get("phase") == held

        eventually(hangs, f"end of the run of {key}, still held")

    def aborted(self, key: str) -> None:
        """An orphan that was asked to stop, and is still held."""
        self.orphan(key)
        send(self.operator, key, CHANNEL_STOP)
        eventually(lambda: (self.told(key) or {}).get("phase") == "aborted", f"abort of {key}")

    def may_read_only(self) -> Operator:
        """A connection that may read and nothing else."""
        return self.gateway.operator(scopes=("operator.read",), name="lab reader")
