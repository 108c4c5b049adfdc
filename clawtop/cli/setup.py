"""What every command that talks to a gateway starts with: target, client, watcher."""

from __future__ import annotations

import argparse
import getpass
import os
import platform
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from clawtop import __version__
from clawtop.cli.common import find_options, is_read_only, seconds
from clawtop.gateway.find import Target, find
from clawtop.gateway.manner import Manner
from clawtop.picture.coverage import Wishes
from clawtop.picture.store import Store

if TYPE_CHECKING:
    from clawtop.gateway.client import Client
    from clawtop.gateway.watch import Watcher


def own_config_path(env: Mapping[str, str]) -> Path:
    """clawtop's own ``config.toml`` on this platform."""
    if env.get("XDG_CONFIG_HOME"):
        return Path(env["XDG_CONFIG_HOME"]) / "clawtop" / "config.toml"
    from platformdirs import user_config_path

    return user_config_path("clawtop") / "config.toml"


def target_of(args: argparse.Namespace) -> Target:
    """The gateway meant. Raises UsageError or FindError."""
    env = os.environ
    return find(find_options(args), env, Path.home(), own_config_path(env))


def operator_name() -> str:
    """Who acts: ``user@host``. Shown to others as the resolver of an approval."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def client_of() -> Client:
    """What we tell the gateway about ourselves."""
    from clawtop.gateway.client import Client  # these two not before the first frame
    from clawtop.gateway.keyring import Keyring

    return Client(
        version=__version__,
        platform=platform.system().lower() or "unknown",
        display_name=f"clawtop ({operator_name()})",
        instance_id=str(uuid.uuid4()),
        keys=Keyring(os.environ),
    )


def manner_of(args: argparse.Namespace, *, one_shot: bool) -> Manner:
    return Manner(
        read_only=is_read_only(args),
        approvals=args.approvals,
        one_shot=one_shot,
        timeout_s=seconds(args.timeout, least=0.1),
    )


def store_of(args: argparse.Namespace, manner: Manner) -> Store:
    """An empty picture with this command's thresholds. Raises UsageError."""
    return Store(
        stale_after_ms=round(seconds(args.stale_after, least=1) * 1000),
        wishes=Wishes(read_only=manner.read_only, approvals=manner.approvals),
    )


def watcher_of(args: argparse.Namespace) -> Watcher:
    """A watcher for a one-shot command, not yet connected. Raises UsageError or FindError."""
    from clawtop.gateway.watch import Watcher  # imports websockets: not before it is needed

    manner = manner_of(args, one_shot=True)
    return Watcher(target_of(args), client_of(), store_of(args, manner), manner)
