"""A gateway that takes clawtop for a client from another host, and clawtop as started there."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from .lab import Operator, RealGateway
from .lab.install import install, node_binary
from .shell import Shell


class FarShell(Shell):
    """clawtop's command line from elsewhere: with the shared secret, or with none at all."""

    def __init__(self, home: Path, gateway: RealGateway) -> None:
        super().__init__(home, gateway.far_url, gateway.token)
        self.with_secret = True

    def arguments(self, *words: str, url: str | None = None) -> list[str]:
        where = [*words, "--url", url or self.url, "--allow-plaintext"]
        return [*where, "--token-file", str(self.token_file)] if self.with_secret else where

    @property
    def state(self) -> Path:
        return self.home / "state" / "clawtop"

    def kept(self) -> list[Path]:
        """What lies in the state folder about devices: the key, then tokens."""
        return [self.state / "device.json", *sorted((self.state / "devices").glob("*"))]


def pending(operator: Operator) -> list[dict[str, Any]]:
    """Requests that wait for a person."""
    found: list[dict[str, Any]] = operator.call("device.pair.list")["pending"]
    return found


def paired(operator: Operator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operator.call("device.pair.list")["paired"]
    return found


def approve(operator: Operator) -> str:
    """Approve the only request there is; its id."""
    (request,) = pending(operator)
    operator.call("device.pair.approve", {"requestId": request["requestId"]})
    return str(request["requestId"])


def on_the_host(gateway: RealGateway, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the gateway's own, as its host's person would."""
    program, *words = command.split()
    assert program == "openclaw"
    return subprocess.run(
        [str(node_binary()), str(install(gateway.version)), *words],
        cwd=gateway.home,
        env=gateway.environment
        | {"OPENCLAW_GATEWAY_TOKEN": gateway.token, "OPENCLAW_GATEWAY_PORT": str(gateway.port)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
