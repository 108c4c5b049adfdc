"""``python -m tests.real.lab install | serve | trouble``: real gateways from the shell."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .gateway import GatewayStartError, RealGateway
from .install import InstallError, install
from .operator import CallError
from .provider import FakeProvider
from .trouble import KINDS, make_trouble


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; the result is the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "install":
            return _install(options.versions)
        if options.command == "serve":
            return _serve(options.version, options.port, approvals=options.approvals)
        return _trouble(options.kind, options.url, options.token_file)
    except (InstallError, GatewayStartError, CallError, OSError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.real.lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    fetch = commands.add_parser("install", help="fetch gateways with npm")
    fetch.add_argument("versions", nargs="+", metavar="VERSION")
    serve = commands.add_parser("serve", help="start one gateway until Ctrl-C")
    serve.add_argument("version", metavar="VERSION")
    serve.add_argument("--port", type=int, help="default: a free one")
    serve.add_argument("--approvals", action="store_true", help="agents must ask before exec")
    trouble = commands.add_parser("trouble", help="make a served gateway misbehave")
    trouble.add_argument("kind", choices=sorted(KINDS))
    trouble.add_argument("--url", required=True)
    trouble.add_argument("--token-file", required=True, type=Path)
    return parser


def _install(versions: Sequence[str]) -> int:
    for version in versions:
        print(f"{version}: {install(version)}", flush=True)
    return 0


def _serve(version: str, port: int | None, *, approvals: bool) -> int:
    """Start, say how to connect, wait for Ctrl-C or SIGTERM, stop everything."""
    signal.signal(signal.SIGTERM, _interrupt)
    print(f"starting gateway {version} …", file=sys.stderr, flush=True)
    try:
        with (
            FakeProvider() as provider,
            RealGateway(version, provider, approvals=approvals, port=port) as gateway,
        ):
            print(_hints(gateway.url, _write_token(gateway)), flush=True)
            return _watch(gateway)
    except KeyboardInterrupt:
        return 0  # the ordinary end of it


def _watch(gateway: RealGateway) -> int:
    """Return only when the gateway ended by itself; a restart asked for by RPC keeps it."""
    pause = threading.Event()
    while gateway.running:
        pause.wait(0.5)
    print(f"lab: the gateway ended:\n{gateway.output_tail()}", file=sys.stderr)
    return 1


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Treat SIGTERM as Ctrl-C, so that the ``with`` blocks end the gateway."""
    raise KeyboardInterrupt


def _write_token(gateway: RealGateway) -> Path:
    """The token in a file that only its owner can read; it goes away with the home."""
    path = gateway.home / "token"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(gateway.token + "\n")
    return path


def _hints(url: str, token_file: Path) -> str:
    """First line: the command to connect. Then how to make trouble."""
    kinds = "|".join(KINDS)
    return (
        f"CLAWTOP_TOKEN_FILE={token_file} clawtop --url {url}\n"
        f"# trouble: python -m tests.real.lab trouble {kinds} --url {url} --token-file {token_file}"
    )


def _trouble(kind: str, url: str, token_file: Path) -> int:
    token = token_file.read_text(encoding="utf-8").strip()
    print(make_trouble(kind, url, token))
    return 0


if __name__ == "__main__":
    sys.exit(main())
