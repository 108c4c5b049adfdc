"""One table with one changing row: ``python -m benchmarks.table_app KIND ROWS CHANGES RESULT``.

``ours`` is clawtop's table, ``stock`` Textual's DataTable. Writes how many milliseconds of CPU
a change of one visible row took, from the change to the written frame.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from clawtop.screen.rows import RowTable
from clawtop.screen.sorted_rows import Cell, Column, SortedRows

NAMES = ("STATE", "AGE", "IDLE", "SESSION", "HOLDER", "WAIT", "PROOF")
VISIBLE = 40
WARM = 10


class OursApp(App[float]):
    """clawtop's table over plain rows."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._texts = dict.fromkeys((_key(number) for number in range(rows)), "0s")
        columns = [Column(name, 12) for name in NAMES]
        self._rows: SortedRows[int] = SortedRows(columns, self._cells)
        for number, key in enumerate(self._texts):
            self._rows.put(key, number)
        self._table = RowTable(self._rows)

    def compose(self) -> ComposeResult:
        yield self._table

    def change(self, number: int, text: str) -> None:
        """The row has this text from here on, and is shown."""
        key = _key(number)
        self._texts[key] = text
        self._rows.put(key, number)
        self._table.sync(0)

    def _cells(self, row_id: str, _now_ms: int) -> Sequence[Cell]:
        return [Cell(text) for text in _texts(row_id, self._texts[row_id])]


class StockApp(App[float]):
    """The same rows in a DataTable."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._count = rows
        self._table: DataTable[str] = DataTable(cursor_type="row")

    def compose(self) -> ComposeResult:
        yield self._table

    def on_mount(self) -> None:
        for name in NAMES:
            self._table.add_column(name, width=12, key=name)
        for number in range(self._count):
            self._table.add_row(*_texts(_key(number), "0s"), key=_key(number))

    def change(self, number: int, text: str) -> None:
        """The row has this text from here on, and is shown."""
        self._table.update_cell(_key(number), NAMES[1], text)


def _key(number: int) -> str:
    return f"agent:main:bench-{number:05}"


def _texts(key: str, text: str) -> list[str]:
    return ["working", text, "1m02s", key[-12:], "agent", "0", "exact"]


async def _measure(app: OursApp | StockApp, changes: int) -> float:
    """Change one row after the other, each when the one before it was painted."""
    for number in range(WARM + changes):
        if number == WARM:
            began = time.process_time()
        app.change(number * 7 % VISIBLE, f"{number}s")
        painted = asyncio.Event()
        app.call_after_refresh(painted.set)
        await painted.wait()
    return (time.process_time() - began) / changes * 1000


def main(kind: str, rows: str, changes: str, result: str) -> None:
    """Run one app to its end."""
    app = OursApp(int(rows)) if kind == "ours" else StockApp(int(rows))

    async def measure() -> None:
        app.exit(await _measure(app, int(changes)))

    app.call_later(app.run_worker, measure)
    cost = app.run()
    Path(result).write_text(f"{cost}", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
