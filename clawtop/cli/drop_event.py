"""``clawtop drop-event``: take one copy of a queued system event out, through the companion."""

from __future__ import annotations

import argparse
import asyncio

from clawtop.cli.acting import carry_out, open_log, print_action
from clawtop.cli.confirm import confirm
from clawtop.cli.setup import operator_name, watcher_of
from clawtop.errors import RefusedError, UsageError
from clawtop.gateway.drop import Drop
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher
from clawtop.remedies.drop import drop_action, drop_lines, plan_drop
from clawtop.text import plain


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError, RefusedError."""
    return asyncio.run(_drop(args, watcher_of(args), _position(args.position)))


def _position(text: str | None) -> int:
    if text is None:
        raise UsageError("drop-event needs --position", "clawtop snapshot shows the positions")
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"{plain(text)!r} is not a position", "Give a number; 0 is the oldest")
    return int(text)


async def _drop(args: argparse.Namespace, watcher: Watcher, position: int) -> int:
    async with watching(watcher):
        await settle(watcher)
        plan = plan_drop(watcher.store, args.session_key, position, args.expect_token)
        if args.dry_run:
            action = drop_action(plan, watcher.clock.now_ms(), operator_name(), args.reason)
            return print_action(args, action)
        if watcher.manner.read_only:
            raise RefusedError("this is read-only", "Start without --read-only to act")
        lines = [f"{name:<9} {plain(value)}" for name, value in drop_lines(plan)]
        confirm(args, lines, loses_more=False)
        drop = Drop(
            watcher, plan, operator=operator_name(), log=open_log(), reason_given=args.reason
        )
        return await carry_out(args, drop)
