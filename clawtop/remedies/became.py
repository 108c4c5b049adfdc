"""What became of the messages that waited, read from pictures after a release."""

from __future__ import annotations

from clawtop.picture.records import Waiting
from clawtop.picture.sessions import SessionFacts
from clawtop.picture.store import Store
from clawtop.picture.waiting import SAME_MS, waiting_of_session
from clawtop.remedies.fate import BECAME, PREVIEW, Fate, Foretold, number_of, waiting_behind
from clawtop.text import count


class Account:
    """The messages of one session, followed from the moment before the request."""

    def __init__(self, session_key: str, told: tuple[Foretold, ...]) -> None:
        self.key, self.told = session_key, told
        self.answered: dict[str, int] = {}  # run id to when its answer came
        self._left: dict[str, Waiting] = {}
        self._fresh = False

    @property
    def number(self) -> int:
        """How many messages waited, as far as known."""
        return sum(one.number for one in self.told)

    def look(self, store: Store, sent_at_ms: int) -> None:
        """Take the newest list of what waits; one from before the request tells nothing new."""
        facts = store.held.sessions.get(self.key)
        followups = store.held.registry.followups.get(self.key)
        over = waiting_of_session(self.key, facts, followups) if facts is not None else []
        self._left = {one.id: one for one in [*waiting_behind(self.key, store), *over]}
        self._fresh = facts is not None and (facts.probed_ms or 0) > sent_at_ms

    def note_answer(self, facts: SessionFacts) -> None:
        """Its newest answer is one that came after the release."""
        if facts.answered_run is not None and facts.answered_ms is not None:
            self.answered.setdefault(facts.answered_run, facts.answered_ms)

    def listed(self) -> bool:
        """Whether one that waited was known by more than a number, or is still in a list."""
        return bool(self._left) or any(one.message is not None for one in self.told)

    def parked(self) -> int:
        """How many messages of the session are still in the gateway's lists."""
        return sum(1 for one in self._left.values() if one.state in ("parked", "queued"))

    def fates(self) -> list[tuple[Foretold, int, Fate]]:
        """Each message, how many it stands for, and what was seen of it."""
        named = {one.message.run_id for one in self.told if one.message is not None}
        spare = sum(1 for run_id in self.answered if run_id not in named)
        found = []
        for one in self.told:
            fate = self._seen(one)
            if fate is not None:
                found.append((one, one.number, fate))
                continue
            took = min(spare, one.number)  # a run that answered, and can be only one of these
            spare -= took
            if took:
                found.append((one, took, Fate.ANSWERED))
            if one.number > took:
                gone = Fate.CANCELLED if one.fate is Fate.CANCELLED else Fate.UNKNOWN
                found.append((one, one.number - took, gone))
        return found

    def _seen(self, one: Foretold) -> Fate | None:
        """By its own run or by the gateway's list; None where neither tells."""
        if one.message is None:
            return None
        if one.message.run_id in self.answered:
            return Fate.ANSWERED
        left = self._listed(one.message)
        if left is None or (one.fate is Fate.CANCELLED and not self._fresh):
            return None
        if left.state == "queued":
            return Fate.WAITING
        return Fate.PARKED if left.state == "parked" else Fate.CANCELLED

    def _listed(self, message: Waiting) -> Waiting | None:
        """It, as it is listed now: by its id, else by what is in it, where another lists it."""
        found = self._left.get(message.id)
        return found or next((one for one in self._left.values() if _same(one, message)), None)

    def settled(self) -> bool:
        """Everything that was to be answered was answered, or is known to be not."""
        return not any(_open(one, fate) for one, _, fate in self.fates())

    def unanswered(self) -> int:
        """How many of those that should have been answered by themselves were not."""
        due = number_of(self.told, Fate.ANSWERED, Fate.UNKNOWN)
        return max(due - len(self.answered), 0)

    def text(self) -> str:
        """In words: ``1 of 2 waiting messages was answered, 1 was cancelled``."""
        if not self.told:
            return ""
        sums = dict.fromkeys(BECAME, 0)
        for _, number, fate in self.fates():
            sums[fate] += number
        seen = [(fate, number) for fate, number in sums.items() if number]
        if len(seen) == 1:
            (fate, number) = seen[0]
            return f"{count(number, 'waiting message')} {BECAME[fate][number > 1]}"
        (fate, number), *others = seen
        words = [f"{number} of {self.number} waiting messages {BECAME[fate][number > 1]}"]
        return ", ".join([*words, *(f"{n} {BECAME[f][n > 1]}" for f, n in others)])

    def documents(self, *, over: bool) -> list[dict[str, object]]:
        """The JSON objects; before it is ``over`` nothing has become of them."""
        if not over:
            return [one.document() for one in self.told]
        return [_split(one, number).document(fate) for one, number, fate in self.fates()]


def _same(one: Waiting, other: Waiting) -> bool:
    near = abs((one.received_at_ms or 0) - (other.received_at_ms or 0)) <= SAME_MS
    return near and bool(other.preview) and one.preview[:PREVIEW] == other.preview[:PREVIEW]


def _open(one: Foretold, seen: Fate) -> bool:
    """Whether more may become of it by itself."""
    due = one.fate is Fate.ANSWERED and seen is Fate.PARKED  # its turn may be coming
    return due or seen in (Fate.UNKNOWN, Fate.WAITING)


def _split(one: Foretold, number: int) -> Foretold:
    return Foretold(one.message, one.fate, number)
