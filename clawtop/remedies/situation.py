"""One held session as the rungs of the ladder look at it."""

from __future__ import annotations

from dataclasses import dataclass

from clawtop.picture.coverage import is_september
from clawtop.picture.records import Lock
from clawtop.picture.sessions import SessionFacts
from clawtop.picture.store import Store
from clawtop.remedies.fate import Fate, Foretold, foretell, number_of
from clawtop.remedies.holder import holder_run
from clawtop.remedies.kinds import DEAD, Kind, kinds_of
from clawtop.remedies.steps import NO_RUN, THE_RUN, Step
from clawtop.text import count


@dataclass(frozen=True)
class Situation:
    """A lock, the gateway it is on, and the kinds of hold that fit. ``later``: September."""

    lock: Lock
    store: Store
    kinds: frozenset[Kind]
    later: bool

    @classmethod
    def of(cls, lock: Lock, store: Store) -> Situation:
        later = store.facts is not None and is_september(store.facts)
        return cls(lock, store, kinds_of(lock, store), later)

    @property
    def key(self) -> str:
        return self.lock.session_key

    @property
    def facts(self) -> SessionFacts | None:
        return self.store.held.sessions.get(self.key)

    @property
    def run_id(self) -> str | None:
        """The run that holds it, by name."""
        return self.lock.run_id or holder_run(self.facts)

    def is_only(self, *kinds: Kind) -> bool:
        """Whether it can be nothing but these."""
        return bool(self.kinds) and self.kinds <= set(kinds)

    @property
    def run(self) -> str:
        """What a step that frees it ends, in words."""
        dead = {*DEAD, Kind.OTHER_ID, Kind.LANE}
        return NO_RUN if self.kinds <= dead else THE_RUN

    @property
    def aborted(self) -> bool:
        """Proved to be aborted already; asking again changes nothing."""
        return self.lock.token is not None and self.lock.phase == "aborted"

    def foretell(self, step: Step) -> tuple[Foretold, ...]:
        """The fate of each message that waits behind it."""
        return foretell(self.lock, self.store, str(step), self.later)

    def children(self) -> list[str]:
        """Sessions of sub-agents it started that are held now."""
        return [key for key in self.lock.children or () if key in self.store.held.locks]


def lost_messages(told: tuple[Foretold, ...]) -> tuple[list[str], int]:
    """The loss of waiting messages as sentences, and how many."""
    losses = []
    sure = number_of(told, Fate.CANCELLED)
    if sure:
        losses.append(f"{count(sure, 'waiting message')} (cancelled by the gateway)")
    unsure = number_of(told, Fate.UNKNOWN)
    if unsure:
        losses.append(f"perhaps {count(unsure, 'waiting message')} (their fate is not known)")
    return losses, sure + unsure
