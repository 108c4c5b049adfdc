"""``clawtop`` alone: the dashboard."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from clawtop.cli.setup import client_of, manner_of, operator_name, store_of, target_of
from clawtop.errors import UsageError

if TYPE_CHECKING:
    from clawtop.gateway.watch import Watcher

SSH_ESCAPE_MS = "400"  # a slow link may split an arrow key; wait for its rest


def run(args: argparse.Namespace) -> int:
    """Raises UsageError without a terminal, FindError when no gateway can be named."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the dashboard needs a terminal", "Use clawtop snapshot in a script")
    over_ssh = bool(os.environ.get("SSH_CONNECTION"))
    if over_ssh:
        os.environ.setdefault("ESCDELAY", SSH_ESCAPE_MS)
    manner = manner_of(args, one_shot=False)
    store, target, client = store_of(args, manner), target_of(args), client_of()

    def make(on_dirty: Callable[[], None]) -> Watcher:
        from clawtop.gateway.watch import Watcher

        return Watcher(target, client, store, manner, on_dirty=on_dirty)

    from clawtop.screen.app import ClawtopApp

    app = ClawtopApp(
        make,
        (target.name, target.address),
        store=store,
        operator=operator_name(),
        theme="ansi-dark" if over_ssh else None,
    )
    app.run(mouse=not over_ssh)
    return app.return_code or 0
