"""What the acting commands share: running one action, and printing what came of it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os

from clawtop.cli.output import complain, lost
from clawtop.gateway.actionlog import ActionLog, Runner, log_path
from clawtop.remedies.outcome import Action
from clawtop.text import age, plain

NOBODY = "nothing known to wait"
FACT = {True: "yes", False: "no", None: "not known"}


def open_log() -> ActionLog:
    """The action log of this host."""
    return ActionLog(log_path(os.environ), os.environ)


def print_action(args: argparse.Namespace, action: Action, log: ActionLog | None = None) -> int:
    """The outcome, as text or one JSON document; its exit code."""
    lines = [json.dumps(action.document(), ensure_ascii=True)] if args.json else []
    try:
        print("\n".join(lines or action_lines(action)), flush=True)
    except OSError as error:  # the code has to tell what became of it, now more than ever
        lost(error)
    if log is not None and log.problem:
        complain(f"clawtop: {log.problem}")
    return action.exit_code


def action_lines(action: Action) -> list[str]:
    """The outcome for a person."""
    lines = [f"{action.outcome.replace('_', ' ')}  {action.title}"]
    if action.outcome == "planned":
        lines += [f"  sends   {plain(call)}" for call in action.plan] or ["  sends   nothing"]
        lines += [f"  loses   {plain(loss)}" for loss in action.loses]
        lines += [f"  waits   {plain(one)}" for one in action.foretold]
    elif action.action == "release" and action.outcome in ("nothing_to_do", "refused"):
        lines.append("  nothing was sent")
    elif action.action == "release":
        accepted = f"accepted {FACT[action.accepted]}, " if action.requested else ""
        moving = FACT[action.queue_moving] if action.queue_moving is not None else NOBODY
        lines.append(f"  {accepted}released {FACT[action.released]}, queue moving: {moving}")
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
