"""Which sessions deserve a closer look (one ``chat.history`` each), most telling first."""

from __future__ import annotations

from clawtop.picture.held import HeldSessions
from clawtop.picture.records import Lock, Verdict
from clawtop.picture.sessions import QUEUED, SessionFacts

YOUNG_MS = 3_000  # a run this young will mostly be over before we have asked
AGAIN_MS = 10_000
CALM_AGAIN_MS = 30_000
NAMED_AGAIN_MS = 5_000


def suspects(held: HeldSessions, *, named: frozenset[str] = frozenset()) -> list[str]:
    """Keys to probe now. ``named`` sessions are looked at however calm they seem."""
    found = []
    for key, lock in held.locks.items():
        facts = held.sessions.get(key)
        if facts is not None and (key in named or _worth(facts, lock, held)):
            first = key in named and not _just_probed(facts, held.now_ms)
            found.append((not first, not _doubtful(facts), facts.probed_ms or 0, key))
    return [key for *_, key in sorted(found)]


def _just_probed(facts: SessionFacts, now_ms: int) -> bool:
    """Else a named session would be asked about for ever, and no other one at all."""
    return facts.probed_ms is not None and now_ms - facts.probed_ms < NAMED_AGAIN_MS


def _doubtful(facts: SessionFacts) -> bool:
    """Held, and nothing says by what: no run is named and its own does not wait for a slot."""
    named = facts.run is not None or bool(facts.active_run_ids) or facts.status == QUEUED
    return bool(facts.active) and not named


def _worth(facts: SessionFacts, lock: Lock, held: HeldSessions) -> bool:
    now_ms = held.now_ms
    if facts.probed_ms is None:
        return lock.since_ms is None or now_ms - lock.since_ms >= YOUNG_MS
    if facts.tells_pending is False:
        return False  # such a gateway adds nothing on a second look
    calm = lock.verdict in (Verdict.WORKING, Verdict.WAITING_APPROVAL)
    return now_ms - facts.probed_ms >= (CALM_AGAIN_MS if calm else AGAIN_MS)
