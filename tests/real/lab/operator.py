"""An operator client of its own, so that tests do not judge clawtop by clawtop's code."""

from __future__ import annotations

import itertools
import json
import queue
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

ALL_SCOPES = (
    "operator.read",
    "operator.write",
    "operator.admin",
    "operator.approvals",
    "operator.pairing",
)
APPROVAL_CAPS = ("approvals", "exec-approvals", "plugin-approvals")
"""Caps that make a 9.6 gateway keep agent approvals waiting for this client."""

Frame = dict[str, Any]


class CallError(RuntimeError):
    """The gateway refused a call, or the connection ended before the answer (code CLOSED)."""

    def __init__(self, code: str, message: str, details: Any = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = details


class Pending:
    """A request under way; some methods answer twice (accepted, then the decision)."""

    def __init__(self) -> None:
        self.answers: queue.SimpleQueue[Frame] = queue.SimpleQueue()

    def next(self, timeout: float = 30.0) -> Any:
        """Payload of the next answer; TimeoutError after ``timeout`` seconds."""
        try:
            frame = self.answers.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer within {timeout:g} s") from None
        if frame.get("ok"):
            return frame.get("payload")
        error = frame.get("error") or {}
        raise CallError(
            str(error.get("code", "UNKNOWN")), str(error.get("message", "")), error.get("details")
        )


class Operator:
    """A connected operator; the handshake is done when the constructor returns.

    ``hello`` is the gateway's hello-ok payload. A reader thread collects events until close().
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        scopes: Sequence[str] = ALL_SCOPES,
        caps: Sequence[str] = (),
        name: str = "lab",
        timeout: float = 15.0,
    ) -> None:
        self._login = (url, token)
        self._ids = itertools.count(1)
        self._guard = threading.Condition()
        self._events: list[Frame] = []
        self._pending: dict[str, Pending] = {}
        self._closed = False
        # No size limit: a session list may be megabytes. No proxy: this is loopback.
        # Entered rather than called: newer websockets want a context manager.
        self._exits = ExitStack()
        self._socket = self._exits.enter_context(
            connect(
                url,
                ssl=any_certificate() if url.startswith("wss:") else None,
                max_size=None,
                compression=None,
                proxy=None,
                open_timeout=timeout,
            )
        )
        self._reader = threading.Thread(target=self._read, name="lab-operator", daemon=True)
        self._reader.start()
        try:
            self.wait_event(lambda event: event["event"] == "connect.challenge", timeout)
            params = _connect_params(token, scopes, caps, name)
            self.hello: Frame = self.call("connect", params, timeout=timeout)
        except BaseException:
            self.close()
            raise

    def another(self, *, caps: Sequence[str] = (), name: str = "lab second") -> Operator:
        """A second connection to the same gateway, with all scopes."""
        url, token = self._login
        return Operator(url, token, caps=caps, name=name)

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, timeout: float = 30.0
    ) -> Any:
        """Payload of the first answer. Raises CallError, or TimeoutError after ``timeout`` s."""
        return self.request(method, params).next(timeout)

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> Pending:
        """Send without waiting; take the answers from the result with ``next()``."""
        pending = Pending()
        number = f"lab-{next(self._ids)}"
        with self._guard:
            if self._closed:
                raise CallError("CLOSED", "the connection is closed")
            self._pending[number] = pending
        frame = {"type": "req", "id": number, "method": method, "params": dict(params or {})}
        try:
            self._socket.send(json.dumps(frame))
        except ConnectionClosed as error:
            raise CallError("CLOSED", str(error)) from error
        return pending

    @property
    def events(self) -> list[Frame]:
        """Copy of every event frame so far, oldest first."""
        with self._guard:
            return list(self._events)

    @property
    def closed(self) -> bool:
        """True once the connection ended, from whichever side."""
        return self._closed

    def wait_event(
        self, predicate: Callable[[Frame], bool], timeout: float = 30.0, *, since: int = 0
    ) -> Frame:
        """First event frame that fits, past ones from index ``since`` on included."""
        deadline = time.monotonic() + timeout
        position = since
        with self._guard:
            while True:
                for event in self._events[position:]:
                    if predicate(event):
                        return event
                position = max(position, len(self._events))
                if self._closed:
                    raise CallError("CLOSED", "the connection ended before the event came")
                if not self._guard.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"no such event within {timeout:g} s")

    @property
    def close_code(self) -> int | None:
        """WebSocket close code once the connection ended (1012: the gateway restarts)."""
        return self._socket.close_code

    def wait_closed(self, timeout: float = 30.0) -> None:
        """Wait until the gateway ends the connection."""
        with self._guard:
            if not self._guard.wait_for(lambda: self._closed, timeout):
                raise TimeoutError(f"still connected after {timeout:g} s")

    def close(self) -> None:
        """End the connection and the reader thread; safe to repeat."""
        self._exits.close()
        self._reader.join(5)

    def _read(self) -> None:
        try:
            for text in self._socket:
                self._take(json.loads(text))
        except ConnectionClosed:
            pass  # noted below, for whoever waits
        finally:
            self._finish()

    def _take(self, frame: Frame) -> None:
        with self._guard:
            if frame.get("type") == "event":
                self._events.append(frame)
                self._guard.notify_all()
            elif (pending := self._pending.get(str(frame.get("id")))) is not None:
                pending.answers.put(frame)

    def _finish(self) -> None:
        """Give everybody who waits an end: no test may hang on a dead connection."""
        lost = {"ok": False, "error": {"code": "CLOSED", "message": "the connection ended"}}
        with self._guard:
            self._closed = True
            for pending in self._pending.values():
                pending.answers.put(lost)
            self._guard.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def any_certificate() -> ssl.SSLContext:
    """The lab's gateways sign their own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _connect_params(token: str, scopes: Sequence[str], caps: Sequence[str], name: str) -> Frame:
    """Protocol 3 to 4 covers every gateway from April 2026 on; this client pair keeps scopes."""
    return {
        "minProtocol": 3,
        "maxProtocol": 4,
        "client": {
            "id": "gateway-client",
            "mode": "backend",
            "version": "0.1.0",
            "platform": "linux",
            "displayName": name,
        },
        "role": "operator",
        "scopes": list(scopes),
        "caps": list(caps),
        "auth": {"token": token},
    }
