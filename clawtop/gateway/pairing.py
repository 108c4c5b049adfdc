"""How long to go on asking while a person has to approve this device, and what to do with less.

A request is kept for five minutes (2026.5.28, 2026.9.6); the next attempt after that, or after
it was turned down, makes another. So only a few are made, and then a person has to ask again.
"""

from __future__ import annotations

from typing import NamedTuple

from clawtop.errors import ConnectError, PairingError, SignInError
from clawtop.gateway.methods import READ
from clawtop.gateway.refusals import ASK_AGAIN, SCOPES_REFUSED, command
from clawtop.picture.changes import GatewayFacts
from clawtop.picture.coverage import grants

ASK_EVERY_S = 10.0
MOST_REQUESTS = 3


class Patience:
    """Of one watcher, over its attempts."""

    def __init__(self) -> None:
        self._requests: list[str] = []

    def wait_s(self, error: PairingError) -> float:
        """Seconds until the next attempt. Raises SignInError when it is time to stop."""
        if error.request_id not in self._requests:
            self._requests.append(error.request_id)
        if len(self._requests) > MOST_REQUESTS:
            raise SignInError(
                f"nobody approved this device: {MOST_REQUESTS} requests ran out or were rejected",
                "Ask whoever runs the gateway, then press r or start clawtop again",
                code="not_approved",
            )
        return ASK_EVERY_S

    def over(self) -> None:
        """A link is up."""
        self._requests.clear()


class Lack(NamedTuple):
    """What this device asked for and is not approved for. ``request_id``: what a person has to
    approve, "" where nothing was asked."""

    scopes: tuple[str, ...]
    request_id: str
    todo: str


def approved_part(asked: tuple[str, ...], error: ConnectError) -> tuple[str, ...]:
    """Which of the scopes asked for to look with instead; () where there is nothing to look with.

    The gateway says what it has approved where it was asked for more by the shared secret
    (2026.5.28, 2026.9.6); where the device's own token asked, it does not.
    """
    if isinstance(error, PairingError):
        known = GatewayFacts("", "", scopes=error.approved)
        part = tuple(scope for scope in asked if grants(known, scope))
    else:
        part = (READ,) if error.code == SCOPES_REFUSED else ()
    return part if READ in part and part != asked else ()


def lack_of(
    asked: tuple[str, ...], part: tuple[str, ...], error: ConnectError, *, has_secret: bool
) -> Lack:
    """The rest of them, and what a person can do about it."""
    scopes = tuple(scope for scope in asked if scope not in part)
    named = ", ".join(scopes)
    if isinstance(error, PairingError):  # the command first: a narrow line has to hold it
        todo = f"On its host: {command(error.request_id)} (it grants {named})"
        return Lack(scopes, error.request_id, todo)
    way = "clawtop doctor --approvals on asks for it" if has_secret else ASK_AGAIN
    return Lack(scopes, "", f"This device is not approved for {named}; {way}")
