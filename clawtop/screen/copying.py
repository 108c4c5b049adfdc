"""What can be copied of a record: its id, what else names it, and commands that do the same."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.text import Text
from textual.binding import Binding, BindingType

from clawtop.incidents.incident import Incident
from clawtop.incidents.ways import remedies
from clawtop.picture.records import Approval, Lock, Recovery, SystemEvent
from clawtop.picture.store import Store
from clawtop.remedies.ladder import ladder
from clawtop.remedies.plan import ReleasePlan
from clawtop.screen.detail import deny_command
from clawtop.screen.reading import SCROLLING, Reading
from clawtop.text import mask, plain

MOST = 9  # one digit each


class Thing(NamedTuple):
    """One text to copy, escaped and masked, and what it is."""

    what: str
    text: str


def things(record: object, store: Store) -> list[Thing]:
    """Everything to copy of a record, its own id first; empty for what has none."""
    match record:
        case Lock():
            found = _lock(record, store)
        case Incident():
            found = _incident(record, store)
        case tuple():
            found = _approvals(record)
        case SystemEvent():
            found = [("session", record.session_key), ("text", record.text)]
            found.append(("context key", record.context_key))
        case Recovery():
            found = [("session", record.session_key)]
        case _:
            found = []
    told = [Thing(what, plain(mask(text)[0])) for what, text in found if text]
    return told[:MOST]


Found = list[tuple[str, str | None]]


def _lock(lock: Lock, store: Store) -> Found:
    offered = [one for one in ladder(lock, store) if one.available]
    ways: Found = [
        (f"shell: {one.step}", ReleasePlan.of(lock, one, store).command()) for one in offered
    ]
    ids = [("session", lock.session_key), ("run", lock.run_id), ("session id", lock.session_id)]
    return [*ids, *ways]


def _incident(one: Incident, store: Store) -> Found:
    ways: Found = [
        (f"shell: {way.step}", way.command) for way in remedies(one, store) if way.available
    ]
    ids = [("incident", one.key), ("session", one.session_key), ("run", one.run_id)]
    return [*ids, *ways]


def _approvals(group: tuple[Approval, ...]) -> Found:
    first = group[0]
    ids: Found = [("approval", one.id) for one in group[: MOST - 3]]
    return [
        *ids,
        ("session", first.session_key),
        ("command", first.command),
        ("shell: deny", deny_command(group)),
    ]


class Copies(Reading, inherit_bindings=False):
    """Each on a line of its own; its digit copies it. The first is copied at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *SCROLLING,
        *(Binding(str(n), f"take({n})", "Copy", show=False) for n in range(1, MOST + 1)),
    ]

    def __init__(self, found: list[Thing]) -> None:
        self._found, self._number = found, 1
        super().__init__(self._page(), keys=("1-9 copies another one",))

    def on_mount(self) -> None:
        self.action_take(1)

    def action_take(self, number: int) -> None:
        if number <= len(self._found):
            self._number = number
            self.app.copy_to_clipboard(self._found[number - 1].text)
            self.show(self._page())

    def _page(self) -> Text:
        copied = self._found[self._number - 1].what
        page = Text().append(f"COPIED, if this terminal allows it: {copied}\n", "bold")
        for number, one in enumerate(self._found, 1):
            page.append(f"\n{number}  {one.what}\n", "dim")
            page.append(f"{one.text}\n", "bold" if number == self._number else "")
        return page
