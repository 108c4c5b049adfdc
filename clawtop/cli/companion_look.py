"""What ``clawtop companion`` finds out without changing anything: config file and live gateway."""

from __future__ import annotations

import argparse
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawtop.cli.setup import client_of, manner_of, store_of
from clawtop.errors import ClawtopError, ConnectError, FindError, RefusedError
from clawtop.gateway.answers import Reader
from clawtop.gateway.config import GatewayConfig, config_path, read_gateway_config
from clawtop.gateway.find import Target, is_loopback
from clawtop.gateway.frames import UNREADABLE, Hello
from clawtop.gateway.methods import READ, READ_METHODS
from clawtop.gateway.poll import INSIDE
from clawtop.picture.store import Store

if TYPE_CHECKING:
    from clawtop.gateway.entry import Errand


@dataclass(frozen=True)
class Look:
    """One look at the live gateway. ``store`` None: it was not reached, ``error`` says why.

    ``host``: the name that the gateway gives its own host; None: it does not tell.
    """

    store: Store | None = None
    error: ConnectError | None = None
    host: str | None = None

    @property
    def loaded(self) -> bool:
        """Whether the gateway has the companion's method."""
        facts = self.store.facts if self.store else None
        return facts is not None and INSIDE in facts.methods


def config_of(args: argparse.Namespace) -> GatewayConfig:
    """The gateway's config on this host. Raises RefusedError for one that cannot be read."""
    path = _config_path(args)
    try:
        return read_gateway_config(path, must_exist=bool(args.config))
    except FindError as error:
        raise RefusedError(
            f"{error.message}; nothing was changed", "Finish or restore the file first"
        ) from None


def _config_path(args: argparse.Namespace) -> Path:
    if args.config:
        return Path(os.path.expanduser(args.config)).absolute()
    return config_path(os.environ, Path.home(), args.profile).absolute()


async def look(args: argparse.Namespace, target: Target) -> Look:
    """One whole look; a gateway that is not reached is no error here."""
    from clawtop.gateway.look import settle, watching
    from clawtop.gateway.watch import Watcher  # imports websockets: not before it is needed

    manner = manner_of(args, one_shot=True)
    watcher = Watcher(target, client_of(), store_of(args, manner), manner)
    try:
        async with watching(watcher):
            await settle(watcher)
    except ConnectError as error:
        return Look(error=error)
    greeting = await _greeting(args, target)
    presence = greeting.snapshot.presence if greeting is not None else []
    host = next((one.host for one in presence if one.mode == "gateway"), None)
    return Look(store=watcher.store, host=host)


@dataclass(frozen=True)
class Now:
    """Whether the companion is loaded at this moment, and may release (None: it did not say)."""

    loaded: bool
    can_release: bool | None = None


async def state_now(args: argparse.Namespace, target: Target) -> Now | None:
    """What the gateway has at this moment, over a new connection; None: it was not reached."""
    from clawtop.gateway.entry import enter

    try:
        link, greeting = await enter(_errand(args, target))
    except ConnectError:
        return None
    try:
        if INSIDE not in greeting.features.methods:
            return Now(loaded=False)
        return Now(True, Reader().companion(await link.call(INSIDE, {})).can_release)
    except (ClawtopError, *UNREADABLE):
        return Now(loaded=True)
    finally:
        await link.close()


async def _greeting(args: argparse.Namespace, target: Target) -> Hello | None:
    """What the gateway says to a new connection; None: it was not reached."""
    from clawtop.gateway.entry import enter

    try:
        link, hello = await enter(_errand(args, target))
    except ConnectError:
        return None
    await link.close()
    return hello


def _errand(args: argparse.Namespace, target: Target) -> Errand:
    from clawtop.gateway.clock import GatewayClock
    from clawtop.gateway.entry import Errand

    timeout_s = manner_of(args, one_shot=True).timeout_s
    return Errand(target, client_of(), (READ,), READ_METHODS, GatewayClock(), timeout_s)


def runs_here(target: Target, live: Look) -> str | None:
    """Why the gateway is not taken for one of this host; None when it is.

    A loopback address may be a tunnel; but every gateway names its host in its presence list
    (2026.5.28, 2026.9.6).
    """
    if not is_loopback(target.url):
        return f"{target.address} is not this host"
    own = socket.gethostname()
    if live.host is None or _short(live.host) == _short(own):
        return None
    return f"the gateway at {target.address} says it runs on {live.host!r}, and this is {own!r}"


def _short(host: str) -> str:
    return host.partition(".")[0].casefold()
