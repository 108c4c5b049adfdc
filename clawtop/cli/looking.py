"""One look for a picture, and when it is one."""

from __future__ import annotations

from clawtop.errors import ConnectError
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher


async def look(watcher: Watcher, observe_s: float) -> None:
    """Ask everything once and watch for ``observe_s``. Raises ConnectError, also when the link
    ended before anything was seen; a gateway that lets us ask nothing was seen all the same."""
    async with watching(watcher):
        await settle(watcher, observe_s)
        up = watcher.link is not None and watcher.link.is_open
    store = watcher.store
    if "rows" in store.listed or store.failed or (up and store.facts is not None):
        return
    raise ConnectError(
        f"the link to {watcher.target.address} ended before anything was seen",
        "Try again, or see clawtop doctor",
    )
