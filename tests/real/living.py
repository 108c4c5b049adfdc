"""clawtop inside the test's own process: a watcher or a dashboard, built as the commands do."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from clawtop.cli.options import build_parser
from clawtop.cli.setup import client_of, manner_of, store_of, target_of, watcher_of
from clawtop.gateway.watch import Watcher
from clawtop.screen.app import ClawtopApp

from .shell import Shell


def options(shell: Shell, *words: str) -> argparse.Namespace:
    """The options as a person writes them."""
    return build_parser().parse_args(shell.arguments(*words))


async def soon(found: Callable[[], object], what: str, timeout: float = 30.0) -> None:
    """Wait until ``found()``; AssertionError when that does not come in time."""
    deadline = time.monotonic() + timeout
    while not found():
        if time.monotonic() > deadline:
            raise AssertionError(f"within {timeout:g} s there was no {what}")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def living_watcher(shell: Shell) -> AsyncIterator[Watcher]:
    """A watcher that runs, and is ended after it."""
    watcher = watcher_of(options(shell, "snapshot"))
    running = asyncio.create_task(watcher.run())
    try:
        yield watcher
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await watcher.close()


def dashboard(shell: Shell, *words: str) -> ClawtopApp:
    """The dashboard as ``clawtop`` alone makes it."""
    args = options(shell, *words)
    manner = manner_of(args, one_shot=False)
    store, target, client = store_of(args, manner), target_of(args), client_of()

    def make(on_dirty: Callable[[], None]) -> Watcher:
        return Watcher(target, client, store, manner, on_dirty=on_dirty)

    return ClawtopApp(make, (target.name, target.address), store=store, operator="lab")
