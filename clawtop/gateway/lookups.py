"""Name look-ups in threads that nobody waits for.

A resolver that hangs cannot be interrupted. Python waits for the threads of asyncio's own pool
when a loop ends, and once more at its exit: for as long as the resolver takes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from weakref import WeakSet

_told: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


class Forgotten(ThreadPoolExecutor):
    """Each call in a daemon thread of its own."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **named))
            except Exception as error:  # noqa: BLE001 (it is raised again where it is awaited)
                future.set_exception(error)

        threading.Thread(target=run, name="clawtop-lookup", daemon=True).start()
        return future


def leave_lookups_behind() -> None:
    """From now on the running loop ends without waiting for a look-up."""
    loop = asyncio.get_running_loop()
    if loop not in _told:
        _told.add(loop)
        loop.set_default_executor(Forgotten(1))
