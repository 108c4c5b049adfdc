"""A real gateway process on loopback with a throw-away home."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from websockets.exceptions import WebSocketException

from .config import Companion, build_config, build_env, merge
from .install import install, node_binary
from .operator import ALL_SCOPES, CallError, Operator
from .processes import end_all_in, free_port, living_in, own_address, resident_kib
from .provider import FakeProvider

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 5.0
_TRY_EVERY_S = 0.2
_TAIL_BYTES = 4000


class GatewayStartError(RuntimeError):
    """The gateway did not become ready, or ended by itself; the text ends with its last output."""


class RealGateway:
    """One gateway; ``with RealGateway("2026.9.6", provider) as gateway`` starts and ends it.

    The home, port and token stay the same over stop(), start() and restart(); close() (or the
    end of the ``with`` block) removes the home.
    """

    def __init__(
        self,
        version: str,
        provider: FakeProvider,
        *,
        approvals: bool = False,
        heartbeat_every: str = "0m",
        config_extra: Mapping[str, Any] | None = None,
        plugin: bool = True,
        companion: Companion | None = None,
        env_extra: Mapping[str, str] | None = None,
        port: int | None = None,
        bind: Literal["loopback", "lan"] = "loopback",
        tls: bool = False,
    ) -> None:
        self.version = version
        self.bind = bind
        self.scheme = "wss" if tls else "ws"
        self.port = port or free_port()
        self.token = secrets.token_hex(16)
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.home = Path(tempfile.mkdtemp(prefix="clawtop-lab-"))
        self.config_path = self.home / ".openclaw" / "openclaw.json"
        self.log_file = self.home / "gateway.log"
        self.output_file = self.home / "output.txt"
        self.started_in_s = 0.0
        """How long the last start took, in seconds."""
        self._process: subprocess.Popen[bytes] | None = None
        self._env = build_env(self.home, env_extra)
        self._write_config(
            build_config(
                self.home,
                provider,
                approvals=approvals,
                heartbeat_every=heartbeat_every,
                plugin=plugin,
                companion=companion,
                extra=merge(
                    {"gateway": {"tls": {"enabled": True}}} if tls else {}, config_extra or {}
                ),
            )
        )
        _LIVING.add(self)

    @property
    def far_url(self) -> str:
        """The same gateway at an address of this host that is not loopback, with ``bind="lan"``:
        a client there counts as one from elsewhere."""
        return f"{self.scheme}://{own_address()}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What its process sees; for commands of the gateway's own on the same home."""
        return dict(self._env)

    @property
    def pid(self) -> int | None:
        """Process id (also the group id), None while stopped."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def must_run(self) -> None:
        """Raises GatewayStartError, with the end of its output, when it has ended by itself."""
        if not self.running:
            code = None if self._process is None else self._process.returncode
            raise GatewayStartError(self._failure(f"ended by itself (exit code {code})"))

    def start(self, timeout: float = START_TIMEOUT_S) -> Self:
        """Install when needed, start, return when an operator client could connect."""
        if self.running:
            return self
        self._reap()  # one that died by itself may have left children behind
        entry = install(self.version)
        began = time.monotonic()
        with self.output_file.open("ab") as output:
            self._process = subprocess.Popen(
                self._command(entry),
                cwd=self.home,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its own process group: ended as a whole
            )
        try:
            self._await_ready(began + timeout)
        except BaseException:
            self.kill()
            raise
        self.started_in_s = time.monotonic() - began
        return self

    def stop(self, timeout: float = STOP_TIMEOUT_S) -> None:
        """SIGTERM, ``timeout`` seconds of patience, then SIGKILL of the whole group."""
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            # 9.6 drains for minutes when a lock is leaked: it is ended below.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout)
        self._reap()

    def kill(self) -> None:
        """SIGKILL of the whole group: the gateway has no chance to say goodbye."""
        self._reap()

    def restart(self, timeout: float = START_TIMEOUT_S) -> Self:
        """stop() and start() on the same port with the same home and token."""
        self.stop()
        return self.start(timeout)

    def close(self) -> None:
        """stop() and remove the home; the object cannot be started again."""
        self.stop()
        _LIVING.discard(self)
        shutil.rmtree(self.home, ignore_errors=True)

    def operator(
        self, *, scopes: Sequence[str] = ALL_SCOPES, caps: Sequence[str] = (), name: str = "lab"
    ) -> Operator:
        """A new operator connection to this gateway."""
        return Operator(self.url, self.token, scopes=scopes, caps=caps, name=name)

    def wait_ready(self, timeout: float = START_TIMEOUT_S) -> None:
        """Wait until an operator can connect, for example after a restart asked for by RPC."""
        self._await_ready(time.monotonic() + timeout)

    def output_tail(self) -> str:
        """The end of what the process wrote to stdout and stderr."""
        try:
            return self.output_file.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
        except OSError:
            return ""

    def memory_mb(self) -> float:
        """Resident memory of the gateway and its helpers in MiB (Linux only, 0 elsewhere)."""
        return sum(resident_kib(pid) for pid in living_in(self.home)) / 1024

    def _command(self, entry: Path) -> list[str]:
        return [
            *(str(node_binary()), str(entry), "gateway", "run", "--allow-unconfigured"),
            *("--bind", self.bind, "--port", str(self.port)),
            *("--auth", "token", "--token", self.token),
        ]

    def _write_config(self, config: dict[str, Any]) -> None:
        self.config_path.parent.mkdir(parents=True)
        (self.home / "workspace").mkdir()
        self.config_path.write_text(json.dumps(config, indent=2), encoding="utf-8")

    def _await_ready(self, deadline: float) -> None:
        problem = "no answer"
        while time.monotonic() < deadline:
            if not self.running:
                raise GatewayStartError(self._failure("exited"))
            try:
                self.operator().close()
                return
            except (OSError, WebSocketException, CallError) as error:
                problem = str(error)
                if isinstance(error, CallError) and error.code not in ("UNAVAILABLE", "CLOSED"):
                    break  # refused for good: asking again will not help
            time.sleep(_TRY_EVERY_S)
        raise GatewayStartError(self._failure(f"not ready: {problem}"))

    def _failure(self, what: str) -> str:
        return f"gateway {self.version} {what}; its output ends:\n{self.output_tail()}"

    def _reap(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):  # the whole group may be gone already
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        end_all_in(self.home)  # helpers and commands in groups of their own

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


_LIVING: set[RealGateway] = set()


def _close_all() -> None:
    """Last resort at interpreter exit: no gateway may outlive the tests."""
    for gateway in list(_LIVING):
        gateway.kill()
        gateway.close()


atexit.register(_close_all)
