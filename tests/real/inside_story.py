"""The companion's part of the story: what it tells and does, told to both sides."""

from __future__ import annotations

from typing import Any

from .lab.operator import Frame
from .scene import eventually
from .sides import operator
from .story import Notes, Story

SNAPSHOT, RELEASE, DROP = "clawtop.snapshot", "clawtop.release", "clawtop.dropEvent"
PARTS = ("locks", "followups", "systemEvents", "lanes", "runs")


class InsideStory(Story):
    """Told to a gateway that has the companion, with its switch on."""

    def tell(self) -> Notes:
        """Every kind of hold, and what can be done inside."""
        self.notes["hello / admin"].append(self.me.hello)
        self.idle_inside()
        self.queues()
        self.rpc_run()
        self.channel_run()
        self.stuck()
        self.orphan()
        self.never_delivered()
        self.mistakes()
        self.narrow()
        self.other.close()
        self.me.close()
        return self.notes

    def inside(self, situation: str, key: str) -> dict[str, Any]:
        """Look, note what is about that session, and return its lock's entry or nothing."""
        self._row_of = key
        locks = self.ask(situation, SNAPSHOT)["payload"]["locks"]["items"]
        return next((one for one in locks if one["key"] == key), {})

    def _mine(self, method: str, frame: Frame) -> Frame:
        kept = super()._mine(method, frame)
        return _about(kept, self._row_of) if method == SNAPSHOT else kept

    def release(self, situation: str, key: str, token: object) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask(situation, RELEASE, key=key, token=token)["payload"]
        return answer

    def free(self, key: str) -> None:
        """Until the registry has no lock of it."""

        def gone() -> bool:
            locks = self.me.call(SNAPSHOT)["locks"]["items"]
            return all(one["key"] != key for one in locks)

        eventually(gone, f"end of the lock of {key}", 90)

    def idle_inside(self) -> None:
        key = self.key("quiet")
        self.side.settled(key)
        self.free(key)
        self.inside("idle", key)
        self.release("idle", key, "no-such-token")

    def queues(self) -> None:
        """Lines of a session that is not the main one; copies by text and by context key."""
        key = self.key("queue")
        self.side.settled(key)
        for text, context in (
            ("end", "exec:1"),
            ("between", None),
            ("ended", "exec:1"),
            ("more", None),
            ("end", None),
            ("x" * 700, None),
        ):
            self.side.enqueue(key, text, context)
        self.inside("lines wait", key)
        tokens = [one["token"] for one in self._events(key)]
        self.ask("no copy", DROP, key=key, token=tokens[1])
        self.ask("a copy by context key", DROP, key=key, token=tokens[2])
        self.ask("dropped before", DROP, key=key, token=tokens[2])
        self.ask("a copy by text", DROP, key=key, token=tokens[4])
        self.ask("the last copy", DROP, key=key, token=tokens[0])
        self.inside("copies dropped", key)
        self.ask("no such queue", DROP, key=self.key("never"), token="x")

    def _events(self, key: str) -> list[dict[str, Any]]:
        queues = self.me.call(SNAPSHOT)["systemEvents"]["items"]
        found: list[dict[str, Any]] = next(one["events"] for one in queues if one["key"] == key)
        return found

    def rpc_run(self) -> None:
        """A run of ours that hangs, with a message behind it."""
        key = self.key("hung")
        self.side.settled(key)
        run = self.side.hang(key)
        self.inside("rpc run", key)
        self.send(key)
        self.inside("message behind an rpc run", key)
        self.ask("rpc run", "sessions.abort", runId=run)
        self.free(key)

    def channel_run(self) -> None:
        """A run that a channel brought."""
        key = self.key("channel")
        self.side.settled(key)
        self.side.channel(key)
        token = self.inside("channel run", key)["token"]
        self.side.wait(key)
        self.inside("message behind a channel run", key)
        self.release("channel run", key, token)
        if self.side.september:  # on April two channel messages in a row may end in a queued lock
            self.side.let_go()
        self.free(key)

    def stuck(self) -> None:
        """An owner that hangs in a hook."""
        key = self.key("stuck")
        self.side.settled(key)
        self.side.stick(key)
        token = self.inside("stuck owner", key)["token"]
        self.side.wait(key)
        self.inside("message behind a stuck owner", key)
        self.release("stuck owner", key, token)
        if not self.side.september:
            self.free(key)

    def orphan(self) -> None:
        """A lock that nobody owns."""
        key = self.key("orphan")
        self.side.leak(key)
        token = self.inside("orphan", key)["token"]
        self.side.wait(key)
        self.inside("message behind an orphan", key)
        self.release("another operation", key, "no-such-token")
        self.release("orphan", key, token)
        self.free(key)
        self.release("orphan, again", key, token)
        self.inside("orphan released", key)

        parked = self.key("parked")
        self.side.leak(parked)
        token = self.inside("orphan", parked)["token"]
        self.send(parked)
        self.inside("rpc message behind an orphan", parked)
        self.release("orphan", parked, token)
        self.free(parked)
        self.inside("orphan released", parked)

    def never_delivered(self) -> None:
        key = self.key("undelivered")
        self.side.settled(key)
        self.side.undelivered(key)
        token = self.inside("undelivered", key)["token"]
        self.side.wait(key)
        self.inside("message behind an undelivered reply", key)
        self.release("undelivered", key, token)

    def mistakes(self) -> None:
        self._row_of = ""
        for method in (RELEASE, DROP):
            self.ask("nothing named", method)
            self.ask("no token", method, key="agent:main:x")
            self.ask("wrong types", method, key=7, token=[])
        self.ask("odd parameters", SNAPSHOT, sinceSeq="x", instance=7, surprise=1)

    def narrow(self) -> None:
        with operator(self.side, scopes=["operator.read"]) as reader:
            self.ask_as(reader, "reader", SNAPSHOT, {})
            for method in (RELEASE, DROP):
                self.ask_as(reader, "reader", method, {"key": "agent:main:x", "token": "x"})


def _about(frame: Frame, key: str) -> Frame:
    """An answer with the items about one session, and those about none."""
    told = dict(frame["payload"])
    for part in PARTS:
        items = [one for one in told[part]["items"] if one["key"] in (key, None)]
        told[part] = {**told[part], "items": items}
    return {**frame, "payload": told}
