"""Which parts of the picture this gateway lets us see, and why not more. From hello alone."""

from __future__ import annotations

from msgspec import Struct

from clawtop.picture.changes import GatewayFacts
from clawtop.picture.companion import Companion
from clawtop.picture.failures import Failures
from clawtop.picture.records import PARTS, Part

MAIN_ONLY = "texts of main sessions only: no gateway lists other queues, ids or times"
BESIDE_ROWS = frozenset({"counts", "changes"})  # without them locks are still listed, less surely
NO_LOCK_LIST = "no gateway lists its locks: inferred from rows, runs, probes and counts"
NOT_COUNTED = "this gateway does not count its locks, so one may be hidden"
ANONYMOUS = "the diagnostics ring names no session and log lines are not readable here"
APRIL_ROUTE = (
    "left out: on this gateway seeing approvals makes clawtop a route for them;"
    " --approvals on shows them"
)

FROM_INSIDE = "read by the companion inside the gateway"
EXACT = {
    "system_events": "all",
    "locks": "exact",
    "recoveries": "named",
    "waiting": "all",
    "lanes": "all",
}


class Wishes(Struct, frozen=True):
    """What the person chose: read-only, and whether approvals are to be seen."""

    read_only: bool = False
    approvals: str = "auto"
    approvals_why: str | None = None


def grants(facts: GatewayFacts, scope: str) -> bool:
    """Whether the granted scopes cover ``scope``. Admin covers all; write covers read."""
    have = facts.scopes
    if "operator.admin" in have or scope in have:
        return True
    return scope == "operator.read" and "operator.write" in have


def lacking(facts: GatewayFacts) -> list[str]:
    """Scopes that were asked for and not granted."""
    return [scope for scope in facts.asked_scopes if not grants(facts, scope)]


def is_route(facts: GatewayFacts) -> bool:
    """Whether being connected with these scopes makes clawtop a route for approvals.

    Gateways without ``approval.history`` take any client that may approve as one (2026.5.28);
    later ones only clients that announce a capability, which clawtop does not.
    """
    if "approval.history" in facts.methods:
        return False
    return "operator.admin" in facts.scopes or "operator.approvals" in facts.scopes


def coverage_of(
    facts: GatewayFacts | None,
    wishes: Wishes,
    failures: Failures,
    companion: Companion | None = None,
) -> dict[str, Part]:
    """Every part's level; a part that failed to read says so. Locks that nobody counts are listed
    all the same."""
    if facts is None:
        return {part: Part("none", "not connected yet") for part in PARTS}
    found = {
        "system_events": _by_method(facts, "status", "main-sessions", MAIN_ONLY),
        "locks": _by_method(facts, "sessions.list", "inferred", _lock_limits(facts)),
        "approvals": _approvals(facts, wishes),
        "recoveries": _recoveries(facts),
        "waiting": _waiting(facts),
        "lanes": _by_method(facts, "diagnostics.lanes", "all", None),
        "tasks": _by_method(facts, "tasks.list", "all", None),
        "logs": _by_method(facts, "logs.tail", "all", None),
        "heartbeats": Part("none", "no gateway tells whether heartbeats are paused"),
    }
    for part in BESIDE_ROWS & failures.all.keys():
        if found["locks"].level != "none":
            found["locks"] = Part("inferred", f"{NO_LOCK_LIST}; {failures.all[part]}")
    for part, why in failures.gone.items():
        if part in found:
            found[part] = Part("none", why)
    for part, why in failures.once.items():
        if part in found and found[part].level != "none":
            found[part] = Part(found[part].level, f"could not be read again just now: {why}")
    return found if companion is None else found | _from_inside(companion, found)


def _from_inside(companion: Companion, found: dict[str, Part]) -> dict[str, Part]:
    """Parts that the companion reads, and why not those that it cannot."""
    parts = {}
    for name, level in EXACT.items():
        if companion.reads(name):
            parts[name] = Part(level, FROM_INSIDE)
        elif name in found:
            less = found[name]
            told = f"the companion cannot read them here: {companion.why[name]}"
            parts[name] = Part(less.level, "; ".join(why for why in (less.why, told) if why))
    return parts


def _lock_limits(facts: GatewayFacts) -> str:
    """Gateways before 2026.5.18 do not even count their locks."""
    counted = "gateway.restart.preflight" in facts.methods
    return NO_LOCK_LIST if counted else f"{NO_LOCK_LIST}; {NOT_COUNTED}"


def _by_method(facts: GatewayFacts, method: str, level: str, why: str | None) -> Part:
    if method not in facts.methods:
        return Part("none", f"this gateway has no {method}")
    if not grants(facts, "operator.read"):
        return Part("none", f"{method} needs operator.read, which was not granted")
    return Part(level, why)


def _approvals(facts: GatewayFacts, wishes: Wishes) -> Part:
    if "exec.approval.list" not in facts.methods:
        return Part("none", "this gateway has no exec.approval.list")
    if wishes.approvals_why:
        return Part("none", wishes.approvals_why)
    if wishes.read_only:
        return Part("none", "read-only: seeing approvals needs operator.admin")
    if grants(facts, "operator.admin"):
        return Part("all", None)
    if "operator.approvals" in facts.scopes:
        return Part("own", "without operator.admin a gateway hides what agents ask")
    return Part("none", "seeing approvals needs operator.admin, which was not granted")


def _recoveries(facts: GatewayFacts) -> Part:
    ring = _by_method(facts, "diagnostics.stability", "named", "names come from log lines")
    if ring.level == "none":
        return ring
    if "logs.tail" not in facts.methods:
        return Part("anonymous", ANONYMOUS)
    return ring


def _waiting(facts: GatewayFacts) -> Part:
    if not is_september(facts):
        return Part("none", "this gateway does not list waiting messages")
    return Part("rpc-messages", "messages that wait for a chat channel are not listed")


def is_september(facts: GatewayFacts) -> bool:
    """The later generation: aborts reach every lock and it releases them within 60 s."""
    return "sessions.recover" in facts.methods
