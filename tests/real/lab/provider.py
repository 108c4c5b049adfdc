"""A fake model provider on loopback: OpenAI-style chat completions as server-sent events.

Every provider name is served alike (``a`` and ``b`` are the configured ones), so a test can
let ``a`` fail and watch ``b`` answer. See directives.py for what a prompt may ask for.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from .provider_http import ProviderServer, SeenRequest

DRAIN_TIMEOUT_S = 3.0


class FakeProvider:
    """Start with ``start()`` or ``with``; hand ``base_url`` to a gateway's configuration."""

    def __init__(self) -> None:
        self._server: ProviderServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen on a free loopback port; does nothing when already started."""
        if self._server is None:
            server = ProviderServer()
            self._server = server
            self._thread = threading.Thread(
                target=server.serve_forever,
                kwargs={"poll_interval": 0.05},
                name="lab-provider",
                daemon=True,
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Drop hung requests without a byte, close the socket, wait for the handlers."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        server.stopping.set()
        server.release.set()
        server.shutdown()
        server.server_close()
        thread.join(DRAIN_TIMEOUT_S)
        with server.guard:
            server.guard.wait_for(lambda: server.active == 0, DRAIN_TIMEOUT_S)

    def release_hangs(self) -> None:
        """Let every hung, stalled or dripping request finish now with a normal answer.

        Later requests hang again.
        """
        server = self._running()
        with server.guard:
            server.release.set()
            server.release = threading.Event()

    @property
    def port(self) -> int:
        """TCP port on 127.0.0.1."""
        return self._running().server_port

    @property
    def requests(self) -> list[SeenRequest]:
        """Copy of every model call so far, oldest first."""
        server = self._running()
        with server.guard:
            return list(server.seen)

    @property
    def active(self) -> int:
        """How many requests are open now (hung ones included)."""
        return self._running().active

    def base_url(self, name: str) -> str:
        """The ``baseUrl`` of provider ``name`` for a gateway's configuration."""
        return f"http://127.0.0.1:{self.port}/{name}/v1"

    def wait_request(self, text: str, timeout: float = 30.0) -> SeenRequest:
        """Wait until a model call whose newest user message contains ``text`` arrived."""
        server = self._running()
        deadline = time.monotonic() + timeout

        def find() -> SeenRequest | None:
            return next((seen for seen in server.seen if text in seen.prompt), None)

        with server.guard:
            while (found := find()) is None:
                if not server.guard.wait(deadline - time.monotonic()):
                    raise TimeoutError(f"no model call with {text!r} within {timeout:g} s")
        return found

    def _running(self) -> ProviderServer:
        if self._server is None:
            raise RuntimeError("the fake provider is not running")
        return self._server

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
