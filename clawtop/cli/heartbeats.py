"""``clawtop heartbeats``: whether clawtop paused them, pause, resume. Two acts, never a toggle."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import Any

from clawtop.cli.acting import carry_out, open_log, print_action
from clawtop.cli.confirm import confirm, confirm_gateway
from clawtop.cli.setup import operator_name, watcher_of
from clawtop.errors import ConnectError, RefusedError
from clawtop.gateway.heartbeats import SwitchHeartbeats
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher
from clawtop.incidents.heartbeats import configured
from clawtop.incidents.scene import Scene
from clawtop.picture.document import heartbeats_document
from clawtop.picture.sessions import whole
from clawtop.picture.store import Store
from clawtop.remedies.pausing import (
    LASTS,
    PAUSE,
    RESUME,
    STOPS,
    SwitchPlan,
    plan_switch,
    switch_action,
)
from clawtop.text import age, iso, plain, shown

SCHEMA = "clawtop.heartbeats/1"


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError, RefusedError."""
    return asyncio.run(_run(args, watcher_of(args)))


async def _run(args: argparse.Namespace, watcher: Watcher) -> int:
    async with watching(watcher):
        await settle(watcher)
        if args.act == "status":
            return _status(args, watcher.store)
        cannot_remember = watcher.pauses.why_not()
        plan = plan_switch(watcher.store, args.act, cannot_remember)
        if args.dry_run:
            action = switch_action(plan, watcher.clock.now_ms(), operator_name(), args.reason)
            return print_action(args, action)
        if watcher.manner.read_only:
            raise RefusedError("this is read-only", "Start without --read-only to act")
        if plan.act == PAUSE or args.confirm_gateway:
            confirm_gateway(args, plan_lines(plan), plan.gateway)
        else:
            confirm(args, plan_lines(plan), loses_more=False)
        if cannot_remember:  # once more for a script, which was shown no plan
            print(f"clawtop: {cannot_remember}", file=sys.stderr)
        switch = SwitchHeartbeats(
            watcher,
            plan,
            operator=operator_name(),
            log=open_log(),
            reason_given=args.reason,
        )
        return await carry_out(args, switch)


def plan_lines(plan: SwitchPlan) -> list[str]:
    """The act as a person reads it before answering."""
    lines = [f"gateway   {plain(plan.gateway)}, all of it", f"heartbeats {plan.act}"]
    lines += [f"stops     {plain(one)}" for one in plan.loses]
    lines += [f"lasts     {LASTS}"] if plan.act == PAUSE else []
    lines += [f"warning   {plain(one)}" for one in plan.warnings]
    return [*lines, f"sends     {plan.call.text()}"]


# -- status


def _status(args: argparse.Namespace, store: Store) -> int:
    if store.facts is None:
        raise ConnectError("the link ended before anything was seen", "Try again")
    if args.json:
        print(json.dumps(status_document(store), ensure_ascii=True), flush=True)
    else:
        print("\n".join(status_lines(store)), flush=True)
    return 0


def status_document(store: Store) -> dict[str, Any]:
    """``clawtop.heartbeats/1``. Unknown is None; a list that was not told is None as well."""
    told = "system_events" in store.listed
    agents = [
        {
            "agent_id": one.agent_id,
            "enabled": one.enabled,
            "every_ms": whole(one.every_ms),
            "waiting_for_route": one.waiting_for_route,
        }
        for one in store.heartbeats.agents
    ]
    return {
        "schema": SCHEMA,
        "taken_at_ms": store.now_ms,
        "gateway": store.facts.name if store.facts else None,
        **heartbeats_document(store),
        "configured": agents if told else None,
        "pause_stops": list(STOPS),
        "pause_lasts": LASTS,
    }


def status_lines(store: Store) -> list[str]:
    """The same for a person."""
    switch, last = store.switch, store.heartbeats.last
    lines = ["heartbeats: whether they are paused is not known"]
    if switch.since_ms is not None:
        lines = [f"{switch.word.upper()} by clawtop, {age(store.now_ms - switch.since_ms)}"]
    lines.append(f"  {plain(switch.why)}")
    if switch.operator:
        lines.append(f"  by {plain(switch.operator)}")
    lines.append(f"  configured: {configured(Scene(store))}")
    if last is not None:
        reason = f", {shown(last.reason)}" if last.reason else ""
        lines.append(f"  last told: {iso(last.at_ms)} {plain(last.status)}{reason}")
    if switch.reminds:
        lines += [f"  stopped meanwhile: {one}" for one in STOPS]
        lines.append(f"  next: clawtop heartbeats {RESUME}")
    else:
        lines.append(f"  a pause stops: {'; '.join(STOPS)}")
        lines.append(f"  it lasts {LASTS}")
    return lines
