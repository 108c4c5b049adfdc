"""What the acting commands share: running one action, and printing what came of it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys

from clawtop.gateway.actionlog import ActionLog, Runner, log_path
from clawtop.remedies.outcome import Action
from clawtop.text import age, plain

FACT = {True: "yes", False: "no", None: "not known"}


def open_log() -> ActionLog:
    """The action log of this host."""
    return ActionLog(log_path(os.environ), os.environ)


def print_action(args: argparse.Namespace, action: Action, log: ActionLog | None = None) -> int:
    """The outcome, as text or one JSON document; its exit code."""
    if args.json:
        print(json.dumps(action.document(), ensure_ascii=True), flush=True)
    else:
        print("\n".join(action_lines(action)), flush=True)
    if log is not None and log.problem:
        print(f"clawtop: {log.problem}", file=sys.stderr)
    return action.exit_code


def action_lines(action: Action) -> list[str]:
    """The outcome for a person."""
    lines = [f"{action.outcome.replace('_', ' ')}  {action.title}"]
    if action.outcome == "planned":
        lines += [f"  sends   {plain(call)}" for call in action.plan] or ["  sends   nothing"]
        lines += [f"  loses   {plain(loss)}" for loss in action.loses]
        lines += [f"  waits   {plain(one)}" for one in action.foretold]
    elif action.action == "release":
        lines.append(f"  accepted {FACT[action.accepted]}, released {FACT[action.released]},")
        moving = "nothing known to wait" if action.queue_moving is None else None
        lines[-1] += f" queue moving: {moving or FACT[action.queue_moving]}"
    for item in action.items or []:
        decided = f"  {item.recorded_decision} by {item.decided_by}" if item.decided_by else ""
        lines.append(
            f"  {item.outcome:<14} {plain(item.id)}{plain(decided)}  {plain(item.reason)}".rstrip()
        )
    if action.reason:
        lines.append(f"  {plain(action.reason)}")
    if action.next:
        lines.append(f"  next: {action.next}")
    lines.append(f"  took {age(action.took_ms)}")
    return lines


async def carry_out(args: argparse.Namespace, runner: Runner) -> int:
    """Run one action and print what came of it, also when it was interrupted; the exit code."""
    try:
        action = await runner.run()
    except asyncio.CancelledError:
        print_action(args, runner.action, runner.log)
        return interrupted(runner.action)
    return print_action(args, action, runner.log)


def interrupted(action: Action) -> int:
    """Ctrl-C: 130 before anything was sent, 4 (unknown) after."""
    return 4 if action.requested else 130
