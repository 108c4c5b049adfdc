"""Ends of commands as user turns told them: the same end twice is one command reported twice.

The line is ``Exec finished (node=…, id=…, code …)``. Queued lines are in ``events``; here are
those that became turns, seen as they were written or read back from a transcript.
"""

from __future__ import annotations

import re
from collections import OrderedDict

from clawtop.picture.changes import Completion

KEEP = 500
_FINISHED = re.compile(r"Exec finished \(([^)\n]{1,200})\)")
_ID = re.compile(r"\bid=([\w.:-]{1,80})")
_CODE = re.compile(r"\bcode[ =](-?\d{1,5}|[\w-]{1,20})")

Place = tuple[str, str, str]  # session key, exec id, exit code


def completions_in(text: str, at_ms: int | None = None) -> tuple[Completion, ...]:
    """Every end of a command that this text tells."""
    if "Exec finished (" not in text:
        return ()
    found = []
    for match in _FINISHED.finditer(text):
        exec_id, code = _ID.search(match.group(1)), _CODE.search(match.group(1))
        if exec_id is not None:
            found.append(Completion(exec_id.group(1), code.group(1) if code else "?", at_ms))
    return tuple(found)


class Completions:
    """Which ends became turns of which session, and when. Bounded; the oldest are forgotten."""

    def __init__(self) -> None:
        self._turns: OrderedDict[Place, set[int]] = OrderedDict()

    def clear(self) -> None:
        self._turns.clear()

    def turns(self, session_key: str, completions: tuple[Completion, ...]) -> bool:
        """Take what one turn, or a transcript, tells; True when anything is new.

        A turn is known by its time: reading it again adds nothing.
        """
        new = False
        for one in completions:
            if one.at_ms is None:
                continue
            place = (session_key, one.exec_id, one.code)
            times = self._turns.setdefault(place, set())
            new |= one.at_ms not in times
            times.add(one.at_ms)
            self._turns.move_to_end(place)
        while len(self._turns) > KEEP:
            self._turns.popitem(last=False)
        return new

    def all(self) -> list[tuple[Place, list[int]]]:
        """Every end that became a turn, with the times of those turns."""
        return [(place, sorted(times)) for place, times in self._turns.items()]

    def recall(self, place: Place, times: list[int]) -> None:
        """Turns that an earlier look read."""
        if place in self._turns or len(self._turns) < KEEP:
            self._turns.setdefault(place, set()).update(times)

    def repeated(self) -> list[tuple[Place, list[int]]]:
        """Ends that became more than one turn, with the times of those turns."""
        return [(place, sorted(times)) for place, times in self._turns.items() if len(times) > 1]
