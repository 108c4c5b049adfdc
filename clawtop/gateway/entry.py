"""Signing in with the least that opens the gateway.

On this host the shared secret alone keeps the scopes asked for (2026.5.28, 2026.9.6), and no
device is shown. Elsewhere, and behind a proxy, a secret alone is granted nothing: there the
device proves itself. Once a person has approved it, its own token opens the gateway and the
shared secret does not travel any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from msgspec import structs

from clawtop.errors import SignInError
from clawtop.gateway.client import Client
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Target, is_loopback
from clawtop.gateway.frames import Hello
from clawtop.gateway.identity import Device
from clawtop.gateway.keyring import Keyring
from clawtop.gateway.link import Link
from clawtop.gateway.refusals import DEVICE_TOKEN_REFUSED, SCOPES_REFUSED, of_device
from clawtop.gateway.secret import Secret
from clawtop.gateway.session import Pushed

KEPT_FROM = "the pairing of this device"


@dataclass(frozen=True)
class Errand:
    """A link to be opened: for what, and how it is heard."""

    target: Target
    client: Client
    scopes: tuple[str, ...]
    allow: frozenset[str]
    clock: GatewayClock
    timeout_s: float = 10.0
    on_push: Callable[[Pushed], None] | None = None

    async def open(self, target: Target, device: Device | None = None) -> tuple[Link, Hello]:
        """One attempt. Raises ConnectError."""
        link = Link(
            target,
            self.client,
            self.scopes,
            self.allow,
            clock=self.clock,
            timeout_s=self.timeout_s,
            on_push=self.on_push,
            device=device,
        )
        return link, await link.open()


async def enter(errand: Errand, *, may_ask: bool = True) -> tuple[Link, Hello]:
    """A link that is signed in, and its greeting.

    ``may_ask``: whether the gateway may note a request to approve this device, or more scopes
    for it. Raises ConnectError: PairingError while a person has to approve, SignInError when
    trying again would not help; FindError for a device key that cannot be used.
    """
    target, keys = errand.target, errand.client.keys
    if keys is None:
        return await errand.open(target)
    token = await asyncio.to_thread(keys.token, target)
    if token is None and is_loopback(target.url):
        link, hello = await errand.open(target)
        if hello.auth.scopes or target.secret is None:
            return link, hello
        await link.close()  # through a proxy: the secret alone is granted nothing
    device = await asyncio.to_thread(keys.device)
    if token is not None:
        try:
            return await _kept(errand, keys, _with(target, token), device)
        except SignInError as error:
            if error.code not in (DEVICE_TOKEN_REFUSED, SCOPES_REFUSED):
                raise
            if error.code == DEVICE_TOKEN_REFUSED:
                keys.forget(target)
            if target.secret is None or not may_ask:
                raise of_device(error.code, target, errand.scopes) from None
    return await _kept(errand, keys, target, device)


def _with(target: Target, token: Secret) -> Target:
    return structs.replace(target, secret=token, secret_from=KEPT_FROM)


async def _kept(
    errand: Errand, keys: Keyring, target: Target, device: Device
) -> tuple[Link, Hello]:
    """Sign in as this device; a token that is given is kept for the next time."""
    link, hello = await errand.open(target, device)
    if link.device_token:
        await asyncio.to_thread(keys.keep, errand.target, link.device_token)
    return link, hello
