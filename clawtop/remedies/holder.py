"""Which of a session's runs holds it, told apart from those that wait behind it."""

from __future__ import annotations

from clawtop.picture.exact import Sight
from clawtop.picture.sessions import SessionFacts, whole


def accepted_first(facts: SessionFacts, sight: Sight) -> str | None:
    """The run that an RPC started and that holds the session; None: none does, or not known.

    It is accepted before its lock is taken and its row runs; one accepted later waits behind the
    holder (measured on 2026.5.28 and 2026.9.6).
    """
    began = lock_began(facts, sight)
    times = {run.run_id: whole(run.started_at_ms) for run in sight.runs}
    early = {run_id: at for run_id, at in times.items() if at and began and at <= began}
    return min(early, key=lambda run_id: early[run_id]) if early else None


def lock_began(facts: SessionFacts, sight: Sight) -> int | None:
    """When the holder took it, as the gateway keeps it; None: this one does not."""
    began = whole(sight.lock.started_at_ms)
    if began is None and facts.status == "running":
        began = facts.started_ms
    return began


def holder_run(facts: SessionFacts | None) -> str | None:
    """The id of the run at work, from what it sends or from inside the gateway."""
    if facts is None:
        return None
    if facts.run is not None:
        return facts.run.run_id
    sight = facts.exact
    if sight is None or sight.lock.embedded_run is not True:
        return None
    return accepted_first(facts, sight)
