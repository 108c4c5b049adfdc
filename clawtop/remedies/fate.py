"""What becomes of each message that waits behind a lock, foretold before a step is taken.

It depends on the generation and on how the message came. Measured on 2026.5.28 and 2026.9.6: a
chat channel's message waits for the lock itself and takes it next; an RPC message waits like
that on earlier gateways, and is parked as a follow-up on later ones. A pair that was not measured
is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clawtop.picture.records import Lock, Waiting
from clawtop.picture.store import Store
from clawtop.picture.waiting import accepted, waiting_of_session
from clawtop.remedies.holder import holder_run
from clawtop.text import count, mask, utc

PREVIEW = 60  # characters of a message that a person recognises it by


class Fate(StrEnum):
    """What becomes of a waiting message."""

    ANSWERED = "answered"
    PARKED = "parked"
    CANCELLED = "cancelled"
    WAITING = "waiting"  # never foretold: it was seen in line and not taken yet
    UNKNOWN = "unknown"


FORETOLD = {
    Fate.ANSWERED: "answered after the release",
    Fate.PARKED: "stays parked until the next message comes",
    Fate.CANCELLED: "cancelled, never answered",
    Fate.UNKNOWN: "what becomes of it is not known",
}
BECAME = {
    Fate.ANSWERED: ("was answered", "were answered"),
    Fate.CANCELLED: ("was cancelled", "were cancelled"),
    Fate.PARKED: ("is parked until the next one comes", "are parked until the next one comes"),
    Fate.WAITING: ("still waits", "still wait"),
    Fate.UNKNOWN: ("was not seen again", "were not seen again"),
}

RPC, CHANNEL, PARKED = "rpc", "channel", "parked"  # how it came; parked: behind a channel's turn

_FATES: dict[tuple[str, bool], dict[str, Fate]] = {
    # (step, later generation): by how the message came
    ("abort-run", False): {RPC: Fate.ANSWERED, CHANNEL: Fate.ANSWERED},
    ("abort-run", True): {RPC: Fate.ANSWERED, CHANNEL: Fate.ANSWERED},
    ("abort-session", False): {RPC: Fate.CANCELLED, CHANNEL: Fate.ANSWERED},
    ("abort-session", True): {RPC: Fate.CANCELLED, CHANNEL: Fate.ANSWERED},
    ("channel-stop", False): {RPC: Fate.ANSWERED, CHANNEL: Fate.CANCELLED},
    ("channel-stop", True): {RPC: Fate.CANCELLED, CHANNEL: Fate.CANCELLED},
    ("wait-for-recovery", False): {RPC: Fate.ANSWERED, CHANNEL: Fate.ANSWERED},
    ("companion-release", False): {
        RPC: Fate.ANSWERED,
        CHANNEL: Fate.ANSWERED,
        PARKED: Fate.PARKED,  # 2026.5.18: it moves only when the next message comes
    },
    ("companion-release", True): {
        RPC: Fate.PARKED,
        CHANNEL: Fate.ANSWERED,
        PARKED: Fate.PARKED,
    },
    # a run that was accepted is aborted at the end of the drain; a channel's turn is refused then
    ("restart", False): {RPC: Fate.CANCELLED},
    ("restart", True): {CHANNEL: Fate.CANCELLED},
    ("reset", True): {RPC: Fate.CANCELLED, CHANNEL: Fate.ANSWERED},
}


def fate_of(step: str, later: bool, came: str) -> Fate:
    """What a step does to a message that came this way."""
    return _FATES.get((step, later), {}).get(came, Fate.UNKNOWN)


@dataclass(frozen=True)
class Foretold:
    """One waiting message, or ``number`` of which only the count is known, and its fate."""

    message: Waiting | None
    fate: Fate
    number: int = 1

    def who(self) -> str:
        """The message, so that a person knows which one is meant."""
        one = self.message
        if one is None:
            return count(self.number, "message") + " that no text is known of"
        words = [f'"{mask(one.preview)[0][:PREVIEW]}"' if one.preview else "a message"]
        words += [f"from {one.sender}"] if one.sender else []
        words += [f"of {utc(one.received_at_ms)}"] if one.received_at_ms is not None else []
        return " ".join(words)

    def text(self) -> str:
        """It and its fate, for a plan."""
        return f"{self.who()}: {FORETOLD[self.fate]}"

    def document(self, became: Fate | None = None) -> dict[str, object]:
        """The JSON object. ``became``: what was seen of it afterwards."""
        one = self.message
        return {
            "id": one.id if one else None,
            "run_id": one.run_id if one else None,
            "from": one.sender if one else None,
            "received_at_ms": one.received_at_ms if one else None,
            "preview": mask(one.preview)[0][:PREVIEW] if one else None,
            "count": self.number,
            "predicted": str(self.fate),
            "became": None if became is None else str(became),
        }


def came_by(one: Waiting) -> str:
    """How a message came. Those the gateway lists by run id came by RPC."""
    if one.run_id is not None or one.channel == "webchat":
        return RPC
    return PARKED if one.state == "parked" else CHANNEL


def waiting_behind(key: str, store: Store) -> list[Waiting]:
    """The messages of that session that are known and that no turn has taken."""
    facts = store.held.sessions.get(key)
    if facts is None:
        return []
    found = waiting_of_session(key, facts, store.held.registry.followups.get(key))
    known = [one for one in found if one.state in ("parked", "queued")]
    if facts.exact is None or (holder := holder_run(facts)) is None:
        return known
    named = {holder, *(one.run_id for one in known)}
    others = [run for run in facts.exact.runs if run.run_id not in named]
    return known + [accepted(key, run) for run in others]


def foretell(lock: Lock, store: Store, step: str, later: bool) -> tuple[Foretold, ...]:
    """The fate of each message that waits; those only counted come last, as one."""
    known = waiting_behind(lock.session_key, store)
    told = [Foretold(one, fate_of(step, later, came_by(one))) for one in known]
    more = (lock.waiting or 0) - len(known)
    if more > 0:
        came = [CHANNEL, *([RPC] if _rpc_unlisted(lock.session_key, store, known) else [])]
        fates = {fate_of(step, later, one) for one in came}
        told.append(Foretold(None, fates.pop() if len(fates) == 1 else Fate.UNKNOWN, more))
    return tuple(told)


def _rpc_unlisted(key: str, store: Store, known: list[Waiting]) -> bool:
    """Whether an RPC message may be among those that are only counted; a channel's always may."""
    facts = store.held.sessions.get(key)
    if facts is None or facts.exact is None:
        return True
    named = {one.run_id for one in known} | {holder_run(facts)}
    return any(run.run_id not in named for run in facts.exact.runs)


def number_of(told: tuple[Foretold, ...], *fates: Fate) -> int:
    """How many messages have one of these fates."""
    return sum(one.number for one in told if one.fate in fates)
