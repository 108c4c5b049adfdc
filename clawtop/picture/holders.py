"""Who holds a session, and with which run: from what the run sends, how it is named, the key."""

from __future__ import annotations

from clawtop.picture.hold import Context, Hold
from clawtop.picture.records import Holder
from clawtop.picture.sessions import SessionFacts


def run_id_of(facts: SessionFacts) -> str | None:
    """The holder's run id where the gateway tells it or its start was seen."""
    if facts.run is not None:
        return facts.run.run_id
    ids = facts.active_run_ids or ()
    waiting = {item.run_id for item in facts.pending}
    named = [run_id for run_id in ids if run_id not in waiting]
    return named[0] if len(named) == 1 else None


def holder_of(facts: SessionFacts, ctx: Context, hold: Hold) -> str:
    """Who started the run, from what it sends, how it is named, and the key's shape."""
    run = facts.run
    kind = facts.exact.lock.turn_kind if facts.exact is not None else None
    if kind == "heartbeat" or (run is not None and run.heartbeat):
        return Holder.HEARTBEAT  # 2026.9.6 keeps the kind with the lock
    shape = _holder_by_key(facts)
    if shape is not None:
        return shape
    if run is not None and run.abortable is not None and not run.abortable:
        return Holder.RPC
    if run is not None and run.abortable:
        return Holder.CHANNEL if has_channel(facts) else Holder.UNKNOWN
    if run is not None and run.via == "agent":
        return Holder.RPC
    if hold.no_run or hold.ghost or hold.aborting:
        return Holder.UNKNOWN
    if not ctx.true_flags and facts.active:
        return Holder.RPC  # on 2026.5.28 only such runs raise the flag of a running row
    if not ctx.true_flags and has_channel(facts):
        return Holder.CHANNEL
    return Holder.UNKNOWN


def _holder_by_key(facts: SessionFacts) -> str | None:
    parts = facts.key.split(":")
    if "subagent" in parts[2:3] or (facts.parent and "subagent" in parts):
        return Holder.SUBAGENT
    if "cron" in parts[2:3]:
        return Holder.CRON
    if parts[-1] == "heartbeat" and len(parts) > 2:
        return Holder.HEARTBEAT
    return None


def has_channel(facts: SessionFacts) -> bool:
    return bool(facts.channel) and facts.channel not in ("webchat", "internal", "none")
