"""How long to go on asking while a person has to approve this device.

A request is kept for five minutes (2026.5.28, 2026.9.6); the next attempt after that, or after
it was turned down, makes another. So only a few are made, and then a person has to ask again.
"""

from __future__ import annotations

from clawtop.errors import PairingError, SignInError

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
