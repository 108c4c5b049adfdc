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
    from clawtop.gateway.hook import Hook
    from clawtop.gateway.watch import Watcher
    from clawtop.picture.store import Store

SSH_ESCAPE_MS = "400"  # a slow link may split an arrow key; wait for its rest


def run(args: argparse.Namespace) -> int:
    """Raises UsageError without a terminal, FindError when no gateway can be named."""
    need_terminal()
    manner = manner_of(args, one_shot=False)
    store, target, client = store_of(args, manner), target_of(args), client_of()

    def make(on_dirty: Callable[[], None]) -> Watcher:
        from clawtop.gateway.watch import Watcher

        return Watcher(target, client, store, manner, on_dirty=on_dirty)

    names = (target.name, target.address)
    return show(make, names, store=store, bell=args.bell, hook=hook_of(args))


def hook_of(args: argparse.Namespace) -> Hook | None:
    """``--on-incident``. Raises UsageError for a command that cannot be split into words."""
    if args.on_incident is None:
        return None
    from clawtop.gateway.hook import Hook

    return Hook(args.on_incident)


def need_terminal() -> None:
    """Raises UsageError where there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the dashboard needs a terminal", "Use clawtop snapshot in a script")


def show(
    make: Callable[[Callable[[], None]], Watcher],
    target: tuple[str, str],
    *,
    store: Store,
    hint: str = "",
    bell: bool = False,
    hook: Hook | None = None,
) -> int:
    """Run the dashboard until it is left; its exit code. ``hint``: said while nothing else is."""
    over_ssh = bool(os.environ.get("SSH_CONNECTION"))
    if over_ssh:
        os.environ.setdefault("ESCDELAY", SSH_ESCAPE_MS)
    from clawtop.screen.app import ClawtopApp

    app = ClawtopApp(
        make,
        target,
        store=store,
        operator=operator_name(),
        theme="ansi-dark" if over_ssh else None,
        hint=hint,
        bell=bell,
        hook=hook,
    )
    app.run(mouse=not over_ssh)
    return app.return_code or 0
