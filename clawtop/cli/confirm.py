"""The confirmation of the shell: what is about to happen, and the words that allow it."""

from __future__ import annotations

import argparse
import shlex
import sys

from clawtop.errors import RefusedError
from clawtop.remedies.plan import CancelPlan, DenyPlan, ReleasePlan
from clawtop.text import age, mask, plain


def release_text(plan: ReleasePlan, now_ms: int) -> list[str]:
    """The plan as a person reads it before answering."""
    lock = plan.lock
    since = None if lock.since_ms is None else now_ms - lock.since_ms
    lines = [
        f"gateway   {plain(plan.gateway)}",
        f"session   {plain(lock.session_key)}",
        f"held by   {lock.holder}"
        f" for {age(since, at_least=lock.age_is == 'at_least')}, {lock.verdict} ({lock.proof})",
        f"step      {plan.offer.step}: {plan.offer.label}",
    ]
    lines += [f"loses     {plain(loss)}" for loss in plan.loses]
    lines += [f"waits     {plain(one)}" for one in plan.waiting_text]
    lines += [f"warning   {plain(warning)}" for warning in plan.offer.warnings]
    lines += [f"sends     {plain(call)}" for call in plan.calls_text] or ["sends     nothing"]
    return lines


def deny_text(plan: DenyPlan) -> list[str]:
    lines = [f"gateway   {plain(plan.gateway)}"]
    lines += [f"deny      {plain(one.id)}  {plain(one.wanted)}" for one in plan.targets]
    lines += [f"keep      {plain(one.id)}" for one in plan.kept]
    return lines


def cancel_text(plan: CancelPlan) -> list[str]:
    lines = [f"gateway   {plain(plan.gateway)}"]
    for verb, tasks in (("cancel", plan.targets), ("keep", plan.kept)):
        lines += [f"{verb:<9} {plain(one.task_id)}  {plain(mask(one.title)[0])}" for one in tasks]
    lines += [f"loses     {plain(loss)}" for loss in plan.loses]
    return lines


def confirm(args: argparse.Namespace, lines: list[str], *, loses_more: bool) -> None:
    """Ask, or take ``--yes`` (and ``--accept-loss``) for the answer.

    Raises RefusedError when the answer is no, or when nobody is there to ask.
    """
    accepts_loss = bool(getattr(args, "accept_loss", False))
    if args.yes:
        if loses_more and not accepts_loss:
            raise RefusedError(
                "this step loses more than the run", "Add --accept-loss if that is meant"
            )
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        words = "--yes --accept-loss" if loses_more else "--yes"
        raise RefusedError("nothing was sent: nobody is here to confirm", f"Add {words}")
    _typed(lines, "yes, lose it" if loses_more else "y")


def confirm_gateway(args: argparse.Namespace, lines: list[str], gateway: str) -> None:
    """For what reaches beyond one session: the gateway's name, typed or ``--confirm-gateway``.

    ``--yes`` is no answer here. Raises RefusedError when the name is another one, when the
    answer is no, or when nobody is there to ask.
    """
    name, wanted = args.confirm_gateway, plain(gateway)
    if name is not None:
        if name not in (gateway, wanted):
            raise RefusedError(
                f"this gateway is {wanted}, not {plain(name)}", "Name the one that is meant"
            )
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RefusedError(
            "nothing was sent: nobody is here to confirm what reaches beyond one session",
            f"Add --confirm-gateway {shlex.quote(wanted)}",
        )
    _typed(lines, wanted)


def _typed(lines: list[str], word: str) -> None:
    """The plan, and the word that has to be typed. Raises RefusedError on any other."""
    print("\n".join(lines), file=sys.stderr)
    print(f"Type {word!r} to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise RefusedError("nothing was sent", "")
