"""Notes from the gateway's log, kept where somebody looks for them: by session and by kind."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from clawtop.picture.logs import LANE_HEADS, Note

PER_SESSION = 40
PER_HEAD = 200
SESSIONS = 2_000


class LogBook:
    """Parsed log lines, newest last, bounded in every direction."""

    def __init__(self) -> None:
        self._by_session: OrderedDict[str, deque[Note]] = OrderedDict()
        self._by_head: dict[str, deque[Note]] = {}

    def add(self, note: Note, session_key: str | None) -> None:
        """Keep a note, under its session where that is known."""
        _keep(self._by_head.setdefault(note.head, deque(maxlen=PER_HEAD)), note)
        if session_key is None:
            return
        notes = self._by_session.setdefault(session_key, deque(maxlen=PER_SESSION))
        _keep(notes, note)
        self._by_session.move_to_end(session_key)
        if len(self._by_session) > SESSIONS:
            self._by_session.popitem(last=False)

    def has(self, session_key: str) -> bool:
        return session_key in self._by_session

    def of_session(self, session_key: str, *heads: str, since_ms: int = 0) -> list[Note]:
        """Notes about a session, oldest first; only these heads, where any are named."""
        return [
            note
            for note in self._by_session.get(session_key, ())
            if note.at_ms >= since_ms and (not heads or note.head in heads)
        ]

    def of_head(self, *heads: str, since_ms: int = 0) -> list[Note]:
        """Notes of these kinds, oldest first."""
        found = [
            note for head in heads for note in self._by_head.get(head, ()) if note.at_ms >= since_ms
        ]
        return sorted(found, key=lambda note: note.at_ms)

    def sessions(self) -> Iterable[str]:
        return self._by_session.keys()

    def lanes(self) -> set[str]:
        """Lanes that a line named, session lanes left out."""
        named = (note.pairs.get("lane", "") for note in self.of_head(*LANE_HEADS))
        return {name for name in named if name and not name.startswith("session:")}


def _keep(notes: deque[Note], note: Note) -> None:
    """In the order of time; a line that is read again after a new connection is kept once."""
    if not notes or notes[-1].at_ms < note.at_ms:
        notes.append(note)
        return
    if note in notes:
        return
    late = [one for one in notes if one.at_ms > note.at_ms]
    for _ in late:
        notes.pop()
    notes.extend((note, *late))
