"""``clawtop deny``: deny approvals by id, or every copy of a repeated request but one."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace

from msgspec import structs

from clawtop.cli.acting import carry_out, open_log, print_action
from clawtop.cli.confirm import confirm, deny_text
from clawtop.cli.setup import operator_name, watcher_of
from clawtop.errors import RefusedError, UsageError
from clawtop.gateway.deny import Denial
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher
from clawtop.remedies.outcome import deny_action, foretell_items
from clawtop.remedies.plan import DenyPlan, plan_deny_duplicates, plan_deny_ids


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError, RefusedError."""
    _check(args)
    watcher = watcher_of(args)
    # denying needs to see the backlog: on earlier gateways that makes us a route meanwhile
    watcher.manner = structs.replace(watcher.manner, approvals="on")
    return asyncio.run(_deny(args, watcher))


def _check(args: argparse.Namespace) -> None:
    if args.duplicates == bool(args.ids):
        raise UsageError("deny wants ids, or --duplicates", "See clawtop deny --help")
    if args.duplicates and not args.keep:
        raise UsageError(
            "--duplicates needs --keep", "Say which copy stays: oldest, newest, none or an ID"
        )
    if args.keep and not args.duplicates:
        raise UsageError("--keep goes with --duplicates", "See clawtop deny --help")
    if args.approvals == "off":
        raise UsageError("--approvals off hides what deny is about", "Leave it out")


async def _deny(args: argparse.Namespace, watcher: Watcher) -> int:
    async with watching(watcher):
        await settle(watcher)
        part = watcher.store.coverage()["approvals"]
        if part.level != "all":
            raise RefusedError(f"the backlog is not visible: {part.why}", "See clawtop doctor")
        plan, missing = _plan(args, watcher)
        if not plan.targets and not missing:
            action = deny_action(plan, watcher.clock.now_ms(), operator_name(), args.reason)
            action.outcome, action.reason = "nothing_to_do", "no request is pending twice"
            return print_action(args, action)
        if args.dry_run:
            action = deny_action(plan, watcher.clock.now_ms(), operator_name(), args.reason)
            foretell_items(action, missing, "it is not pending; nothing was sent")
            return print_action(args, action)
        confirm(args, deny_text(plan), loses_more=False)
        return await _perform(args, watcher, plan, missing)


def _plan(args: argparse.Namespace, watcher: Watcher) -> tuple[DenyPlan, list[str]]:
    store = watcher.store
    if args.duplicates:
        return plan_deny_duplicates(store, args.keep, args.session), []
    plan, missing = plan_deny_ids(store, args.ids)
    if args.session:
        stay = tuple(one for one in plan.targets if one.session_key == args.session)
        missing += [one.id for one in plan.targets if one not in stay]
        plan = replace(plan, targets=stay)
    return plan, missing


async def _perform(
    args: argparse.Namespace, watcher: Watcher, plan: DenyPlan, missing: list[str]
) -> int:
    denial = Denial(
        watcher,
        plan,
        missing=missing,
        operator=operator_name(),
        log=open_log(),
        reason_given=args.reason,
    )
    return await carry_out(args, denial)
