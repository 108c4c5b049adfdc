"""The two sides of the conformance test: a real gateway, and the embedded one of its generation.

Both are asked by the same client; only how trouble is made differs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from clawtop.demo import Generation, ScriptedGateway, World

from .lab.operator import ALL_SCOPES, APPROVAL_CAPS, Operator
from .lab.trouble import send
from .scene import Scene, eventually

T = TypeVar("T")


class Side(Protocol):
    """What the story needs of a gateway beside its protocol."""

    september: bool
    url: str
    token: str

    def key(self, name: str) -> str:
        """A session key of this story's own."""

    def settled(self, key: str) -> None:
        """A session with one finished turn."""

    def hang(self, key: str) -> str:
        """A run of an RPC message whose model never answers; returns the run id."""

    def drip(self, key: str) -> str:
        """A run of an RPC message whose model writes all the time; returns the run id."""

    def channel(self, key: str) -> None:
        """A run of a channel message whose model never answers."""

    def agent_asks(self, key: str, command: str) -> None:
        """A run that asks for leave to run a command, and waits."""

    def task(self, key: str) -> str:
        """A background task that runs in that session; returns its id."""

    def leak(self, key: str) -> None:
        """An orphaned lock in a session with one finished turn."""

    def unleak(self, key: str) -> None:
        """Take that lock away by force."""

    def let_go(self) -> None:
        """Let every hung model call end with an answer."""

    def stick(self, key: str) -> None:
        """A channel message whose owner hangs in a hook."""

    def undelivered(self, key: str) -> None:
        """A channel message whose answer is written and never delivered."""

    def wait(self, key: str) -> None:
        """A channel message that has to wait behind whatever holds the session."""

    def enqueue(self, key: str, text: str, context_key: str | None = None) -> None:
        """Queue a system event for that session."""


def operator(side: Side, **how: Any) -> Operator:
    """A client of either side; it announces approval capabilities unless told otherwise."""
    how = {"scopes": ALL_SCOPES, "caps": APPROVAL_CAPS, "name": "conformance", **how}
    return Operator(side.url, side.token, **how)


class RealSide:
    """A real gateway: trouble comes from its model provider and the lab's plugin."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.september = scene, scene.later
        self.url, self.token = scene.gateway.url, scene.gateway.token
        self.key, self.hang = scene.key, self._hang

    def settled(self, key: str) -> None:
        self.scene.settled(key)

    def _hang(self, key: str) -> str:
        return self.scene.chat(key, "[[hang]]")

    def drip(self, key: str) -> str:
        return self.scene.chat(key, "[[drip:60]]")

    def channel(self, key: str) -> None:
        self.scene.channel(key, "[[hang]]", sender="lab-conformance")

    def agent_asks(self, key: str, command: str) -> None:
        send(self.scene.operator, key, f"[[exec:{command}]]")

    def task(self, key: str) -> str:
        params = {"message": "do it [[hang]]", "sessionKey": key, "idempotencyKey": key}
        self.scene.operator.call("agent", params)
        self.scene.provider.wait_request("do it [[hang]]", 60)
        asked = {"sessionKey": key}
        listed = lambda: self.scene.operator.call("tasks.list", asked)["tasks"]  # noqa: E731
        (task,) = eventually(listed, f"task of {key}")
        return str(task["taskId"])

    def leak(self, key: str) -> None:
        self.scene.leak(key)

    def unleak(self, key: str) -> None:
        self.scene.operator.call("lab.unleak", {"key": key})

    def let_go(self) -> None:
        self.scene.provider.release_hangs()

    def stick(self, key: str) -> None:
        self._message(key, "[[stuck]]")
        eventually(lambda: self._locks(key) and self._lane(key), f"stuck owner of {key}")

    def wait(self, key: str) -> None:
        before = self.scene.operator.call("gateway.restart.preflight")["counts"]["pendingReplies"]
        self._message(key, "[[answer:more]]")
        eventually(
            lambda: (
                self.scene.operator.call("gateway.restart.preflight")["counts"]["pendingReplies"]
                > before
            ),
            f"message that waits in {key}",
        )

    def _message(self, key: str, text: str) -> None:
        params = {"key": key, "text": text, "from": "lab-conformance"}
        self.scene.operator.call("lab.channelMessage", params)

    def _locks(self, key: str) -> bool:
        return self.scene.locks().get(key, {}).get("phase") == "running"

    def _lane(self, key: str) -> bool:
        lanes = {one["lane"]: one for one in self.scene.truth()["lanes"]}
        return bool(lanes.get(f"session:{key}", {}).get("active"))

    def undelivered(self, key: str) -> None:
        self._message(key, f"{key} [[answer:nobody sees this]] [[never-deliver]]")
        self.scene.provider.wait_request(key, 60)
        held = "running" if self.september else "queued"  # by the delivery: measured on both

        def hangs() -> bool:
            lock = self.scene.locks().get(key, {})
            return lock.get("phase") == held and not self._lane(key)

        eventually(hangs, f"undelivered answer in {key}")

    def enqueue(self, key: str, text: str, context_key: str | None = None) -> None:
        context = {} if context_key is None else {"contextKey": context_key}
        self.scene.operator.call("lab.enqueue", {"key": key, "text": text, **context})


class DemoSide:
    """The embedded gateway in a thread of its own: trouble comes from its world."""

    token = "demo"

    def __init__(self, generation: Generation, *, companion: bool = False) -> None:
        self.september = generation == "september"
        self.world = World(generation, companion=companion)
        self.gateway = ScriptedGateway(world=self.world)
        self.url = ""
        self._person: Operator | None = None
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="conformance-demo", daemon=True)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self.gateway:
            self.url = self.gateway.url
            self._ready.set()
            await self._stop.wait()

    def change(self, act: Callable[[World], T]) -> T:
        """Do something to the world, in its own thread."""

        async def there() -> T:
            return act(self.world)

        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(10)

    def key(self, name: str) -> str:
        return f"agent:main:{name}"

    def settled(self, key: str) -> None:
        self.change(lambda world: world.session(key))

    def hang(self, key: str) -> str:
        self._person = self._person or operator(self, name="lab")
        return send(self._person, key, "hello [[hang]]")

    def drip(self, key: str) -> str:
        return self.change(lambda world: world.start_run(key, new=True).run_id)

    def channel(self, key: str) -> None:
        self.change(lambda world: world.start_run(key, "channel", new=True, progress=False))

    def agent_asks(self, key: str, command: str) -> None:
        def act(world: World) -> None:
            world.start_run(key, new=True, progress=False)
            world.request_approval(command, key)

        self.change(act)

    def task(self, key: str) -> str:
        def act(world: World) -> str:
            run = world.start_run(key, new=True, progress=False)
            own = {"title": "do it", "runId": run.run_id, "sourceId": run.run_id}
            own |= {"sessionKey": key, "childSessionKey": key, "ownerKey": key}
            return str(world.add_task(own | {"runtime": "cli", "kind": "cli"})["taskId"])

        return self.change(act)

    def leak(self, key: str) -> None:
        self.settled(key)
        self.change(lambda world: world.leak(key))

    def unleak(self, key: str) -> None:
        self.change(lambda world: world.release(key))

    def let_go(self) -> None:
        def act(world: World) -> None:
            for session in list(world.sessions.values()):
                if session.run is not None:
                    world.end_run(session.key)

        self.change(act)

    def stick(self, key: str) -> None:
        self.change(lambda world: world.stick_in_hook(key))

    def undelivered(self, key: str) -> None:
        self.change(lambda world: world.hold_delivery(key))

    def wait(self, key: str) -> None:
        self.change(lambda world: world.waits(key, "more", "channel"))

    def enqueue(self, key: str, text: str, context_key: str | None = None) -> None:
        self.change(lambda world: world.enqueue_event(key, text, context_key))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._person is not None:
            self._person.close()
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
