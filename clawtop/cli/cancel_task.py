"""``clawtop cancel-task``: cancel background tasks by id, or every second copy but one."""

from __future__ import annotations

import argparse
import asyncio

from clawtop.cli.acting import carry_out, open_log, print_action
from clawtop.cli.confirm import cancel_text, confirm
from clawtop.cli.setup import operator_name, watcher_of
from clawtop.errors import RefusedError, UsageError
from clawtop.gateway.cancel import Cancel
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher
from clawtop.remedies.outcome import Action, cancel_action, foretell_items
from clawtop.remedies.plan import CancelPlan, plan_cancel, plan_cancel_duplicates


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError, RefusedError."""
    _check(args)
    return asyncio.run(_cancel(args, watcher_of(args)))


def _check(args: argparse.Namespace) -> None:
    if args.duplicates == bool(args.ids):
        raise UsageError("cancel-task wants ids, or --duplicates", "See clawtop cancel-task --help")
    if args.duplicates and not args.keep:
        raise UsageError(
            "--duplicates needs --keep", "Say which copy stays: oldest, newest or an ID"
        )
    if args.keep and not args.duplicates:
        raise UsageError("--keep goes with --duplicates", "See clawtop cancel-task --help")


async def _cancel(args: argparse.Namespace, watcher: Watcher) -> int:
    async with watching(watcher):
        await settle(watcher)
        if "tasks" not in watcher.store.listed:
            raise RefusedError(
                "the tasks of this gateway could not be listed", "See clawtop doctor"
            )
        plan, missing = _plan(args, watcher)
        if not plan.targets and not missing:
            action = _planned(args, watcher, plan)
            action.outcome, action.reason = "nothing_to_do", "no task is there twice"
            return print_action(args, action)
        if args.dry_run:
            action = _planned(args, watcher, plan)
            foretell_items(action, missing, "it does not run")
            return print_action(args, action)
        if watcher.manner.read_only:
            raise RefusedError("this is read-only", "Start without --read-only to act")
        confirm(args, cancel_text(plan), loses_more=False)
        return await _perform(args, watcher, plan, missing)


def _plan(args: argparse.Namespace, watcher: Watcher) -> tuple[CancelPlan, list[str]]:
    if args.duplicates:
        return plan_cancel_duplicates(watcher.store, args.keep), []
    return plan_cancel(watcher.store, args.ids)


def _planned(args: argparse.Namespace, watcher: Watcher, plan: CancelPlan) -> Action:
    return cancel_action(plan, watcher.clock.now_ms(), operator_name(), args.reason)


async def _perform(
    args: argparse.Namespace, watcher: Watcher, plan: CancelPlan, missing: list[str]
) -> int:
    batch = Cancel(
        watcher,
        plan,
        missing=missing,
        operator=operator_name(),
        log=open_log(),
        reason_given=args.reason,
    )
    return await carry_out(args, batch)
