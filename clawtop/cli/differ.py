"""What changed since the last look, row by row, as lines of ``watch``.

Progress alone is no change: ages, idle times and what follows from them are left out when two
rows are compared, and so are the counts that a new copy changes in all the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from clawtop.incidents.engine import Engine
from clawtop.incidents.incident import document_fields
from clawtop.incidents.ways import incident_document
from clawtop.picture.document import (
    approval_document,
    event_document,
    gateway_document,
    lane_document,
    lock_document,
    recovery_document,
)
from clawtop.picture.store import Store

SCHEMA = "clawtop.change/1"

Row = dict[str, Any]
TICKING = {
    "locks": ("age_ms", "idle_ms", "idle_is", "why"),
    "approvals": ("copies", "copy_of"),
    "system_events": ("position", "copies", "copy_of"),
    "lanes": ("active", "oldest_wait_ms"),
}


class Line(Struct, frozen=True):
    """One change. ``was``: what an incident became: new, worse, better, changed or gone.

    ``before``: the row as it was told last, where it changed.
    """

    at_ms: int
    change: str
    panel: str
    id: str
    row: Row | None
    was: str | None = None
    before: Row | None = None

    def document(self) -> Row:
        body: Row = {
            "schema": SCHEMA,
            "at_ms": self.at_ms,
            "change": self.change,
            "panel": self.panel,
            "id": self.id,
            "row": self.row,
        }
        return body if self.was is None else {**body, "was": self.was}


class Differ:
    """Remembers what was told, and tells what is new. The store is refreshed by others."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self.store, self.engine = store, engine
        self._follower = store.follow()
        self._told: dict[str, dict[str, Row]] = {panel: {} for panel in ROWS}
        self._link: tuple[bool, str, str | None] | None = None
        self._missed = store.missed_frames

    def lines(self) -> list[Line]:
        """Everything that changed since the last call; at first the whole picture."""
        touched = self._follower.take()
        found = [*self._link_lines(), *self._incident_lines()]
        if not self.store.link_up:
            return found
        for panel in ROWS:
            ids = touched.get(panel, set())
            if ids or (panel == "recoveries" and self._under_way()):
                found += self._rows(panel, ids)
        return found

    def _under_way(self) -> bool:
        """An open attempt reads differently with time alone."""
        return any(row["verdict"] == "running" for row in self._told["recoveries"].values())

    def _line(
        self,
        change: str,
        panel: str,
        name: str,
        row: Row,
        was: str | None = None,
        before: Row | None = None,
    ) -> Line:
        return Line(self.store.now_ms, change, panel, name, row, was, before)

    def _link_lines(self) -> Iterable[Line]:
        store, facts = self.store, self.store.facts
        name = facts.name if facts else ""
        if store.missed_frames > self._missed:
            missed, self._missed = store.missed_frames - self._missed, store.missed_frames
            yield self._line("gap", "link", name, {"missed_frames": missed})
        now = (store.link_up, store.link_why, facts.boot_id if facts else None)
        if now != self._link:
            self._link = now
            gateway = gateway_document(store)
            row = {"up": store.link_up, "why": store.link_why or None, "gateway": gateway}
            yield self._line("link", "link", name, row)

    def _incident_lines(self) -> Iterable[Line]:
        for change in self.engine.refresh():
            one = change.incident
            row = incident_document(one, self.store)
            word = change.what if change.what in ("new", "gone") else "changed"
            was = change.what if word == "changed" else None
            before = document_fields(change.before) if was == "changed" and change.before else None
            yield self._line(word, "incidents", one.key, row, was, before)

    def _rows(self, panel: str, ids: set[str]) -> Iterable[Line]:
        """The lines of one panel; only these ids, where the panel tells them apart."""
        told, look = self._told[panel], ROWS[panel]
        if panel in BY_ID and "*" not in ids:
            now = look(self.store, ids)
            gone = [name for name in ids if name in told and name not in now]
        else:
            now = look(self.store, None)
            gone = [name for name in told if name not in now]
        for name in gone:
            yield self._line("gone", panel, name, told.pop(name))
        for name, row in now.items():
            before = told.get(name)
            told[name] = row
            if before is None:
                yield self._line("new", panel, name, row)
            elif _still(panel, before) != _still(panel, row):
                yield self._line("changed", panel, name, row, before=before)


def _still(panel: str, row: Row) -> Row:
    """The row without what ticks; a lane counts as full or not."""
    still = {key: value for key, value in row.items() if key not in TICKING.get(panel, ())}
    if panel == "lanes":
        still["full"] = bool(row["max"]) and row["active"] >= row["max"]
    if panel == "locks":
        still["phase"] = row["phase"] or "running"  # told late for a run that works
        if row["age_is"] == "at_least":
            still.pop("since_ms")
    return still


def _locks(store: Store, ids: set[str] | None) -> dict[str, Row]:
    locks = store.held.locks
    names = locks.keys() if ids is None else ids & locks.keys()
    return {key: lock_document(locks[key], store.now_ms) for key in names}


def _approvals(store: Store, ids: set[str] | None) -> dict[str, Row]:
    backlog = store.backlog
    found = backlog.all() if ids is None else [backlog.get(one) for one in ids]
    return {one.id: approval_document(one) for one in found if one is not None}


def _events(store: Store, _ids: set[str] | None) -> dict[str, Row]:
    return {one.id: event_document(one) for one in store.queue.events}


def _recoveries(store: Store, _ids: set[str] | None) -> dict[str, Row]:
    return {one.id: recovery_document(one) for one in reversed(store.recoveries())}


def _lanes(store: Store, _ids: set[str] | None) -> dict[str, Row]:
    return {name: lane_document(lane) for name, lane in store.lanes.items()}


BY_ID = ("locks", "approvals")
ROWS: dict[str, Callable[[Store, set[str] | None], dict[str, Row]]] = {
    "locks": _locks,
    "approvals": _approvals,
    "system_events": _events,
    "recoveries": _recoveries,
    "lanes": _lanes,
}
