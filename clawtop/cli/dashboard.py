"""``clawtop`` alone: the dashboard."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from clawtop.cli.output import is_dumb
from clawtop.cli.setup import (
    client_of,
    manner_of,
    operator_name,
    own_config_path,
    store_of,
    target_of,
)
from clawtop.errors import UsageError
from clawtop.gateway.config import read_own_config
from clawtop.screen.terminal.theme import AUTO, over_ssh, theme_of

if TYPE_CHECKING:
    from clawtop.gateway.hook import Hook
    from clawtop.gateway.watch import Watcher
    from clawtop.picture.store import Store

SSH_ESCAPE_MS = "400"  # a slow link may split an arrow key; wait for its rest


def run(args: argparse.Namespace) -> int:
    """Raises UsageError without a terminal, FindError when no gateway can be named."""
    need_terminal()
    manner = manner_of(args, one_shot=False)
    store, target = store_of(args, manner), target_of(args)
    client = cache(client_of)  # one for all watchers, made after the first frame

    def make(on_dirty: Callable[[], None]) -> Watcher:
        from clawtop.gateway.watch import Watcher

        return Watcher(target, client(), store, manner, on_dirty=on_dirty)

    names = (target.name, target.address)
    return show(args, make, names, store=store, bell=args.bell, hook=hook_of(args))


def hook_of(args: argparse.Namespace) -> Hook | None:
    """``--on-incident``. Raises UsageError for a command that cannot be split into words."""
    if args.on_incident is None:
        return None
    from clawtop.gateway.hook import Hook

    return Hook(args.on_incident)


def need_terminal() -> None:
    """Raises UsageError where there is none, or one that knows no cursor."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the dashboard needs a terminal", "Use clawtop snapshot in a script")
    if is_dumb():
        raise UsageError(
            "this terminal cannot show the dashboard (TERM=dumb)",
            "Use clawtop snapshot, or clawtop watch",
        )


def show(
    args: argparse.Namespace,
    make: Callable[[Callable[[], None]], Watcher],
    target: tuple[str, str],
    *,
    store: Store,
    hint: str = "",
    bell: bool = False,
    hook: Hook | None = None,
) -> int:
    """Run the dashboard until it is left; its exit code. ``hint``: said while nothing else is."""
    theme, remote = theme_of(_wish(args), os.environ), over_ssh(os.environ)
    if remote:
        os.environ.setdefault("ESCDELAY", SSH_ESCAPE_MS)
    gc.disable()  # until the first frame: nothing of what is loaded now will be garbage
    from clawtop.screen.app import ClawtopApp
    from clawtop.screen.terminal.glyphs import needs_ascii

    app = ClawtopApp(
        make,
        target,
        store=store,
        operator=operator_name(),
        theme=theme,
        ascii_only=args.ascii or needs_ascii(os.environ),
        hint=hint,
        bell=bell,
        hook=hook,
    )
    app.run(mouse=args.mouse or not remote)
    return app.return_code or 0


def _wish(args: argparse.Namespace) -> str:
    """The theme asked for: on the command line, in the environment, in clawtop's own config."""
    wish = args.theme or os.environ.get("CLAWTOP_THEME")
    return wish or read_own_config(own_config_path(os.environ)).theme or AUTO
