"""From a request frame to its answer: scope, parameters, handler, faults."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from clawtop.demo import features, methods, methods_approvals, methods_companion, params
from clawtop.demo.faults import Faults
from clawtop.demo.methods import Call, Later
from clawtop.demo.model import Obj, RpcError
from clawtop.demo.peer import Peer
from clawtop.demo.world import World

HANDLERS = {
    **methods.HANDLERS,
    **methods_approvals.HANDLERS,
    **methods_companion.HANDLERS,
}
#: Methods whose agent, chat and approval events come before their answer; the rest comes after.
EVENTS_FIRST = {
    "sessions.abort",
    "chat.abort",
    "exec.approval.resolve",
    "plugin.approval.resolve",
    "approval.resolve",
    "exec.approval.request",
    "plugin.approval.request",
}


class Flush(Protocol):
    """Sends queued events out; ``rows=False`` holds sessions.changed and session.* back."""

    def __call__(self, *, rows: bool = True) -> None:
        """Send what is queued."""


class Dispatcher:
    """Answers requests of connected clients."""

    def __init__(
        self, world: World, faults: Faults, presence: Callable[[], list[Obj]], flush: Flush
    ) -> None:
        """Keep the world, the faults, the presence list and the way to send events out."""
        self.world, self.faults = world, faults
        self.presence, self.flush = presence, flush
        self._due: list[tuple[int, asyncio.Future[None]]] = []

    async def handle(self, peer: Peer, frame: Obj, body: Obj) -> None:
        """Answer one request."""
        if not await self.before(peer, frame, cut=False):
            return
        method = frame["method"]
        self.faults.meanwhile.pop(method, lambda: None)()
        ok, result = True, None
        try:
            result = self._run(peer, method, body)
            if isinstance(result, Later):
                result = await self._wait(result)
        except RpcError as error:
            ok, result = False, error.as_obj()
        self._answer(peer, frame, ok, result)

    def _answer(self, peer: Peer, frame: Obj, ok: bool, result: object) -> None:
        """Send answer and events in the method's order, or cut, or stay silent."""
        method = frame["method"]
        if method in EVENTS_FIRST:
            self.flush(rows=False)
        if method in self.faults.close_after_request:
            self.flush()
            peer.close(self.faults.close_after_request[method])
        elif method not in self.faults.silent_methods:
            self.reply(peer, frame, result, ok=ok)
        self.flush()

    async def before(self, peer: Peer, frame: Obj, *, cut: bool = True) -> bool:
        """Apply the faults that come before the effect; return whether to go on.

        ``cut`` also applies close_after_request and silence here, for the connect request.
        """
        method = frame["method"]
        if method in self.faults.late_methods:
            await asyncio.sleep(self.faults.late_methods[method])
        if method in self.faults.close_before_effect:
            peer.close(1012, "service restart")
            return False
        if method in self.faults.error_methods:
            self.reply(peer, frame, dict(self.faults.error_methods[method]), ok=False)
            return False
        if method in self.faults.false_answers:
            self.reply(peer, frame, self.faults.false_answers[method])
            return False
        if cut and method in self.faults.close_after_request:
            peer.close(self.faults.close_after_request[method])
            return False
        return not (cut and method in self.faults.silent_methods)

    def _run(self, peer: Peer, method: str, body: Obj) -> object:
        """Check and run the handler of a method."""
        world = self.world
        known = method in features.methods(
            world.generation, world.hidden_methods, companion=world.companion
        )
        known = known or (method in features.UNLISTED and not self.world.september)
        scope = features.scope_of(method, self.world.generation)
        if not known and peer.admin:
            raise RpcError("INVALID_REQUEST", f"unknown method: {method}")
        if not features.allowed(scope if known else "operator.admin", peer.scopes):
            raise self._forbidden(scope if known else "operator.admin")
        params.check(method, body, self.world.generation)
        handler = HANDLERS.get(method)
        if handler is None:
            raise RpcError("UNAVAILABLE", f"{method} is not scripted")
        return handler(Call(self.world, peer, body, self.presence))

    def _forbidden(self, scope: str) -> RpcError:
        """Return the missing-scope error of the generation."""
        message = f"missing scope: {scope}"
        if not self.world.september:
            return RpcError("INVALID_REQUEST", message)
        return RpcError(
            "FORBIDDEN",
            message,
            details={"code": "MISSING_SCOPE", "missingScope": scope, "requiredScopes": [scope]},
        )

    async def _wait(self, later: Later) -> object:
        """Wait until the world's clock says so, then fail as announced."""
        self.flush()
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._due.append((later.due, future))
        await future
        raise later.error

    def tick(self) -> None:
        """Let go the answers whose time has come on the world's clock."""
        for due, future in self._due:
            if due <= self.world.now() and not future.done():
                future.set_result(None)
        self._due = [(due, future) for due, future in self._due if not future.done()]

    def reply(self, peer: Peer, frame: Obj, result: object, *, ok: bool = True) -> None:
        """Send the response frame, spoiled on request; garbage follows when that fault is on."""
        faults, method = self.faults, frame["method"]
        key = "payload" if ok else "error"
        ident = f"not-{frame['id']}" if method in faults.other_id else frame["id"]
        answer = {"ok": ok, key: faults.odd_answers.get(method, result)}
        bare = method in faults.bare_answers
        peer.send({"type": "res", "id": ident, **({} if bare else answer)})
        if self.faults.garbage_frames:
            for raw in GARBAGE:
                peer.send(raw)


GARBAGE: tuple[str | bytes, ...] = (
    "{not json",
    "[1,2,3]",
    "null",
    b"\x00\xff\xfe binary",
    '{"type":"strange"}',
    '{"type":"res","id":"nobody-asked","ok":true}',
    '{"type":"event"}',
    '{"type":"event","event":"unheard.of","payload":{"a":[1]}}',
    '{"type":"event","event":"sessions.changed","payload":{"sessionKey":"agent:main:odd",'
    '"reason":"future-reason","status":"levitating","ts":1}}',
    '{"type":"event","event":"chat","payload":{"runId":"r","state":"singing"}}',
)
