"""The HTTP side of the fake provider: one handler per model call."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .directives import Directive, decide, newest_user

CHECK_S = 0.1
"""Seconds between two looks whether a client of a hung request is still there."""


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One model call as the provider saw it; ``at`` is seconds since the epoch."""

    provider: str
    prompt: str
    directive: Directive
    at: float


class ProviderServer(ThreadingHTTPServer):
    """The listening socket plus what its handler threads share."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        self.guard = threading.Condition()
        self.stopping = threading.Event()
        self.release = threading.Event()
        self.active = 0
        self.seen: list[SeenRequest] = []
        super().__init__(("127.0.0.1", 0), ChatHandler)

    def note(self, request: SeenRequest) -> None:
        """Remember a request and wake whoever waits for it."""
        with self.guard:
            self.seen.append(request)
            self.guard.notify_all()


class ChatHandler(BaseHTTPRequestHandler):
    """Answers ``POST /<name>/v1/chat/completions`` as the prompt's directive says."""

    server: ProviderServer
    # Seconds a client may take to send its request: an idle socket must not keep a thread.
    timeout = 30

    def handle(self) -> None:
        """Count this handler, so that stop() can wait for it."""
        with self.server.guard:
            self.server.active += 1
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client went away: that is its right
        finally:
            with self.server.guard:
                self.server.active -= 1
                self.server.guard.notify_all()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: gateways are noisy enough."""

    def do_GET(self) -> None:
        """``/<name>/v1/models``: the one model there is."""
        self._json(200, {"object": "list", "data": [{"id": "m1", "object": "model"}]})

    def do_POST(self) -> None:
        """One model call."""
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", "0"))))
        name = self.path.strip("/").split("/", 1)[0]
        if not self.path.split("?")[0].endswith("/chat/completions"):
            self._json(404, {"error": {"message": f"nothing at {self.path}"}})
            return
        prompt, results = newest_user(body.get("messages", []))
        directive = decide(prompt, name)
        # Taken before the request is announced: whoever sees it may release it at once.
        self._release = self.server.release
        self.server.note(SeenRequest(name, prompt, directive, time.time()))
        self._obey(directive, results, stream=bool(body.get("stream")))

    def _obey(self, directive: Directive, results: int, *, stream: bool) -> None:
        if directive.kind == "fail":
            self._json(directive.status, _error(directive.status))
            return
        if directive.kind == "hang":
            self._quiet(None)
        (self._stream if stream else self._whole)(directive, results)

    def _stream(self, directive: Directive, results: int) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("cache-control", "no-cache")
        self.end_headers()
        self._chunk({"role": "assistant", "content": ""})
        finish = "stop"
        if directive.kind == "exec" and results < directive.times:
            self._chunk({"tool_calls": [_exec_call(directive.text, results)]})
            finish = "tool_calls"
        else:
            for token in self._tokens(directive):
                self._chunk({"content": token})
        self._chunk({}, finish=finish)
        self._chunk(None)
        self.wfile.write(b"data: [DONE]\n\n")

    def _tokens(self, directive: Directive) -> Iterator[str]:
        """The words of the answer, with the silences the directive asks for."""
        if directive.kind == "stall":
            yield "just "
            yield "a moment"
            self._quiet(None)
        elif directive.kind == "drip":
            end = time.monotonic() + directive.seconds
            while (left := end - time.monotonic()) > 0:
                yield "drip "
                if self._quiet(min(1.0, left)):
                    break  # released: finish early
            yield "dry."
        else:
            yield _answer(directive)

    def _quiet(self, seconds: float | None) -> bool:
        """Send nothing for that long (None: for ever); True when released by the test.

        Raises when the client hung up or the provider stops: the answer then ends right here.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while True:
            left = CHECK_S if end is None else min(CHECK_S, end - time.monotonic())
            if left <= 0:
                return False
            released = self._release.wait(left)
            if self.server.stopping.is_set():
                raise ConnectionAbortedError("provider stops")
            if released:
                return True
            if _hung_up(self.connection):
                raise ConnectionAbortedError("client hung up")

    def _chunk(self, delta: dict[str, object] | None, *, finish: str | None = None) -> None:
        """One server-sent event; ``delta`` None stands for the closing usage event."""
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        event: dict[str, object] = {**_head("chat.completion.chunk"), "choices": choices}
        if delta is None:
            event["usage"] = _USAGE
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.flush()

    def _whole(self, directive: Directive, results: int) -> None:
        """The same answer for a client that did not ask for a stream."""
        message: dict[str, object] = {"role": "assistant", "content": _answer(directive)}
        finish = "stop"
        if directive.kind == "exec" and results < directive.times:
            message["tool_calls"] = [_exec_call(directive.text, results)]
            finish = "tool_calls"
        choice = {"index": 0, "message": message, "finish_reason": finish}
        self._json(200, {**_head("chat.completion"), "choices": [choice], "usage": _USAGE})

    def _json(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def _error(status: int) -> dict[str, object]:
    """The error body a provider sends; gateways look at the words as well as at the status."""
    words = {
        401: ("invalid api key", "authentication_error"),
        402: ("insufficient credit", "billing_error"),
        429: ("rate limit reached", "rate_limit_error"),
    }
    message, kind = words.get(status, ("the lab model is broken", "server_error"))
    return {"error": {"message": message, "type": kind}}


def _head(kind: str) -> dict[str, object]:
    return {"id": "lab-1", "object": kind, "created": int(time.time()), "model": "m1"}


def _answer(directive: Directive) -> str:
    if directive.kind == "exec":
        return "done"
    return directive.text if directive.kind == "answer" else "released"


def _exec_call(command: str, number: int) -> dict[str, object]:
    # Ids must differ from call to call, or the gateway takes the second for the first.
    return {
        "index": 0,
        "id": f"call{time.time_ns()}n{number}",
        "type": "function",
        "function": {"name": "exec", "arguments": json.dumps({"command": command})},
    }


def _hung_up(connection: socket.socket) -> bool:
    """True when the peer closed: readable, but nothing to read."""
    readable, _, _ = select.select([connection], [], [], 0)
    if not readable:
        return False
    return connection.recv(1, socket.MSG_PEEK) == b""
