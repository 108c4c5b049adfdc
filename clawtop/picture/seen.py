"""Whether a part of the picture was seen. That a gateway shows a part does not mean that it told
anything of it yet: until then it is not known, which is not the same as empty."""

from __future__ import annotations

from clawtop.picture.coverage import EXACT
from clawtop.picture.records import Verdict
from clawtop.picture.store import Store

NOT_TOLD = "the gateway has not told it yet"
TOLD_BY = {  # what ``Store.listed`` calls the answer that fills a part
    "system_events": "system_events",
    "locks": "rows",
    "approvals": "approvals.exec",
    "recoveries": "recoveries",
    "lanes": "lanes",
    "tasks": "tasks",
    "logs": "logs",
    "operators": "operators",
}
FROM_INSIDE = EXACT.keys() - {"recoveries"}  # of those the companion adds only the names


def seen(store: Store, part: str) -> bool:
    """Whether an answer that tells this part came, over this link or from the companion.

    ``part`` as in the coverage but ``heartbeats``, which no gateway tells; or ``operators``.
    """
    found = store.coverage().get(part)
    if store.facts is None or (found is not None and found.level == "none"):
        return False
    inside = store.companion
    if inside is not None and part in FROM_INSIDE and inside.reads(part):
        lists_lanes = "diagnostics.lanes" in store.facts.methods  # then those are what is shown
        return told(store, part) if part == "lanes" and lists_lanes else True
    return _probed(store) if part == "waiting" else told(store, part)


def told(store: Store, part: str) -> bool:
    """Whether the gateway itself answered for that part over this link; ``part`` of `TOLD_BY`."""
    return TOLD_BY[part] in store.listed


def _probed(store: Store) -> bool:
    """Messages wait behind a lock, and a probe of its session lists them: where no session is held
    none waits, and where some are and none of them was probed nobody knows."""
    if not seen(store, "locks"):
        return False
    locks = store.held.locks.items()
    held = [key for key, lock in locks if lock.verdict != Verdict.GHOST]
    return not held or any(store.held.sessions[key].tells_pending for key in held)


def why_unseen(store: Store, part: str) -> str:
    """Why a part that was not seen was not."""
    found = store.coverage().get(part)
    if found is None or found.level != "none":
        return store.failed.get(part) or NOT_TOLD
    return found.why or NOT_TOLD
