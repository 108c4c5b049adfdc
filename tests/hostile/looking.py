"""A gateway without a socket, and every place where what it said is shown."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

from msgspec import Raw

from clawtop.cli.differ import Differ
from clawtop.cli.log_lines import entries
from clawtop.cli.metrics import figures_of
from clawtop.cli.picture_text import picture_text
from clawtop.cli.report_text import Material, report_lines
from clawtop.cli.verdict import incident_item
from clawtop.cli.watch_text import line_text
from clawtop.errors import ClawtopError
from clawtop.gateway import frames
from clawtop.gateway.feed import Feed
from clawtop.gateway.manner import Manner
from clawtop.gateway.methods import READ_METHODS
from clawtop.gateway.playback import TapeClock
from clawtop.incidents.engine import Engine
from clawtop.incidents.ways import incident_document
from clawtop.picture.document import document
from clawtop.picture.store import Store
from clawtop.screen import detail
from clawtop.screen.header import first_line, second_line
from clawtop.screen.incident_page import incident_page
from clawtop.screen.lanes_page import lanes_page
from clawtop.screen.news_page import changes_page, logs_page
from clawtop.screen.panels import ALL
from clawtop.screen.panels.incidents import IncidentsPanel
from clawtop.screen.since import Since
from clawtop.screen.standing import Standing
from tests.hostile.payloads import NOW_MS

HELLO = {
    "server": {"version": "2026.9.6", "bootId": "b"},
    "features": {"methods": sorted(READ_METHODS), "events": []},
    "auth": {"role": "operator", "scopes": ["operator.read", "operator.admin"]},
    "snapshot": {"uptimeMs": 9_000_000, "sessionDefaults": {"mainSessionKey": "agent:main:main"}},
}


class Onlooker:
    """One picture fed by hand, and all that looks at it. Time moves when it is told to."""

    def __init__(self, hello: object = HELLO) -> None:
        self.store = Store()
        self.clock = TapeClock(NOW_MS, 0)
        self.feed = Feed(self.store, self.clock, Manner(), ("edge-1", "ws://127.0.0.1:1"))
        self.standing = Standing(Engine(self.store))
        self.differ = Differ(self.store, Engine(self.store))
        self.panels = [kind() for kind in ALL]
        for panel in self.panels:
            if isinstance(panel, IncidentsPanel):
                panel.standing = self.standing
        self.feed.up(frames.decode_hello(Raw(json.dumps(hello).encode())), ("operator.admin",))
        self.since = Since()
        self.since.begin(self.store, ())
        self.asked = 0

    def event(self, name: str, payload: bytes, missed: int = 0) -> None:
        self.feed.event(name, Raw(payload), missed)

    def answer(self, method: str, payload: bytes) -> None:
        """A good answer; one that is not understood is said in a sentence."""
        params = {"sessionKey": "agent:main:main"} if method == "chat.history" else {}
        self.asked = self.feed.asking(method, params)
        with contextlib.suppress(ClawtopError):
            self.feed.answer(self.asked, method, params, Raw(payload), 12)

    def look(self, after_ms: int = 1000) -> str:
        """Everything that is shown of it, some time later."""
        self.clock.set(self.clock.now_ms() + after_ms)
        self.store.refresh(self.clock.now_ms())
        return "\n".join(self._shown())

    def _shown(self) -> Iterator[str]:
        store, now_ms = self.store, self.store.now_ms
        self.since.note(self.standing.refresh())
        found = self.standing.engine.incidents()
        told = [incident_document(one, store) for one in found]
        yield json.dumps(document(store, told))
        yield picture_text(store, found)
        for line in self.differ.lines():
            yield json.dumps(line.document())
            yield from line_text(line)
        items = [incident_item(one, store) for one in found]
        lines = entries(line.message for line in store.log)
        yield from (line.text for line in lines)
        yield "\n".join(report_lines(Material(store, found, [], lines, now_ms)))
        yield from (f"{item.text} {item.more}" for item in items)
        yield repr(figures_of(store, found))
        yield first_line(store, ("edge-1", "127.0.0.1:1"), "", "", "", 200)
        yield second_line(store, self.standing, "", 200)[0]
        yield from self._pages(now_ms)

    def _pages(self, now_ms: int) -> Iterator[str]:
        store = self.store
        for panel in self.panels:
            panel.update(store, ["*"])
            yield panel.heading(store)
            yield panel.empty_text(store)
            for record in list(panel.records.values()):
                yield " ".join(str(cell[0]) for cell in panel.cells(record, now_ms))
                panel.haystack(record)
                panel.terms(record)
                for order in panel.orders().values():
                    order(record)
        yield lanes_page(store).plain
        yield logs_page((), None, store).plain
        yield changes_page(self.since.look(store, self.standing.engine.incidents()), now_ms).plain
        for lock in list(store.held.locks.values()):
            yield detail.lock_page(lock, store).plain
        for group in store.backlog.groups():
            yield detail.approvals_page(group, store).plain
        for event in store.queue.events:
            yield detail.event_page(event, store).plain
        for recovery in store.recoveries():
            yield detail.recovery_page(recovery, store).plain
        for one in self.standing.engine.incidents():
            yield incident_page(one, self.standing).plain
