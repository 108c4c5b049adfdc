"""The locks of the store in a stock DataTable, as one would write it first: ten times a second
every row that was touched is updated, cell by cell."""

from __future__ import annotations

import asyncio
import time

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from clawtop.cli.setup import client_of
from clawtop.gateway.find import Target
from clawtop.gateway.manner import Manner
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from clawtop.screen.panels.locks import LocksPanel

FRAME_S = 0.1


class StockApp(App[None]):
    """One table."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._store, self._model = Store(), LocksPanel()
        target = Target(url, "edge-1", None, "here", "none")
        self._watcher = Watcher(target, client_of(), self._store, Manner(), on_dirty=self._dirty)
        self._table: DataTable[str] = DataTable(cursor_type="row")
        self._armed = False

    def compose(self) -> ComposeResult:
        yield self._table

    def on_mount(self) -> None:
        for column in self._model.columns:
            self._table.add_column(column.name, key=column.name)
        self._watching = asyncio.create_task(self._watcher.run())

    def _dirty(self) -> None:
        if not self._armed:
            self._armed = True
            asyncio.get_running_loop().call_later(FRAME_S, self._paint)

    def _paint(self) -> None:
        self._armed = False
        now_ms = int(time.time() * 1000)
        self._store.refresh(now_ms)
        touched = self._store.take_touched().get("locks", set())
        self._model.update(self._store, touched)
        for row_id in self._model.records.keys() if "*" in touched else touched:
            if row_id in self._model.records:
                self._show(row_id, now_ms)

    def _show(self, row_id: str, now_ms: int) -> None:
        cells = [cell.text for cell in self._model.rows.cells(row_id, now_ms)]
        if row_id not in self._table.rows:
            self._table.add_row(*cells, key=row_id)
            return
        for column, text in zip(self._model.columns, cells, strict=True):
            self._table.update_cell(row_id, column.name, text)
