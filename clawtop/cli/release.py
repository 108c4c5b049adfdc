"""``clawtop release``: exactly one step on one session, watched until the gateway shows it."""

from __future__ import annotations

import argparse
import asyncio

from clawtop.cli.acting import carry_out, open_log, print_action
from clawtop.cli.common import seconds
from clawtop.cli.confirm import confirm, confirm_gateway, release_text
from clawtop.cli.setup import operator_name, watcher_of
from clawtop.errors import RefusedError, UsageError
from clawtop.gateway.act import Release
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher
from clawtop.picture.coverage import NOT_COUNTED
from clawtop.remedies.outcome import Action, release_action
from clawtop.remedies.plan import ReleasePlan, check_expected, plan_release
from clawtop.remedies.steps import Step
from clawtop.text import count, plain


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError, RefusedError."""
    wait_s = seconds(args.wait, least=1) if args.wait else None
    if args.step != Step.RESTART and (args.now or args.confirm_gateway):
        word = "--now" if args.now else "--confirm-gateway"
        raise UsageError(f"{word} is for a restart of the gateway", "Add --step restart")
    watcher = watcher_of(args)
    return asyncio.run(_release(args, watcher, wait_s))


async def _release(args: argparse.Namespace, watcher: Watcher, wait_s: float | None) -> int:
    async with watching(watcher, lasting=args.step == Step.RESTART):
        watcher.named = frozenset({args.session_key})
        await settle(watcher)
        plan = _plan(args, watcher)
        if plan is None:
            return print_action(args, _nothing(args, watcher))
        if args.dry_run:
            action = release_action(plan, watcher.clock.now_ms(), operator_name(), args.reason)
            return print_action(args, action)
        if watcher.manner.read_only:
            raise RefusedError("this is read-only", "Start without --read-only to act")
        lines = release_text(plan, watcher.store.now_ms)
        if plan.offer.beyond:
            confirm_gateway(args, lines, plan.gateway)
        else:
            confirm(args, lines, loses_more=bool(plan.offer.losses))
        return await _perform(args, watcher, plan, wait_s)


def _plan(args: argparse.Namespace, watcher: Watcher) -> ReleasePlan | None:
    store = watcher.store
    if "rows" not in store.listed:
        raise RefusedError("the sessions of this gateway could not be listed", "See clawtop doctor")
    plan = plan_release(
        store,
        args.session_key,
        args.step,
        now=args.now,
        probe=args.probe,
        clear_queued=args.clear_queued,
    )
    if plan is None and args.session_key not in store.held.sessions:
        raise RefusedError(
            f"there is no session {plain(args.session_key)}", "List them with clawtop snapshot"
        )
    if plan is not None:
        check_expected(plan.lock, args.expect_run, args.expect_session_id)
    elif args.expect_run:
        raise RefusedError(
            f"{plain(args.session_key)} is not held, so not by run {plain(args.expect_run)}",
            "Look again with clawtop snapshot",
        )
    return plan


def _nothing(args: argparse.Namespace, watcher: Watcher) -> Action:
    """The session is there and nothing is seen to hold it: free, unless a lock has no name."""
    store = watcher.store
    anonymous = store.held.anonymous
    unattributed = anonymous.number()
    reason = "nothing is seen to hold it"
    if not anonymous.counted:
        reason += f"; {NOT_COUNTED}"
    elif unattributed is None:
        reason += "; whether every lock on this gateway has a name cannot be told yet"
    elif unattributed:
        locks = count(unattributed, "lock")
        reason += f"; {locks} on this gateway cannot be named, and one may be its"
    return Action(
        action="release",
        gateway=store.facts.name if store.facts else "",
        target={"session_key": args.session_key},
        step=args.step or "",
        plan=[],
        loses=[],
        started_at_ms=watcher.clock.now_ms(),
        operator=operator_name(),
        outcome="nothing_to_do" if unattributed == 0 else "refused",
        reason=reason,
        reason_given=args.reason,
    )


async def _perform(
    args: argparse.Namespace, watcher: Watcher, plan: ReleasePlan, wait_s: float | None
) -> int:
    release = Release(
        watcher,
        plan,
        operator=operator_name(),
        log=open_log(),
        wait_s=wait_s,
        reason_given=args.reason,
    )
    return await carry_out(args, release)
