"""What every panel model does: keep copies of its records in order, so that rows can hold still
while the picture moves on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from clawtop.picture.store import Store
from clawtop.screen.sorted_rows import Cell, Column, SortedRows
from clawtop.text import mask, plain

STRONG, CALM, FAINT = "bold", "", "dim"
BAD, WARN, GOOD = "bold red", "yellow", "green"

SortKey = tuple[Any, ...]


class PanelModel:
    """One panel's rows. ``update`` takes what the store says was touched."""

    number: ClassVar[int]
    name: ClassVar[str]
    label: ClassVar[str]
    part: ClassVar[str]
    columns: ClassVar[Sequence[Column]]

    def __init__(self) -> None:
        self.records: dict[str, Any] = {}
        self.rows: SortedRows[SortKey] = SortedRows(self.columns, self._cells_or_gone)
        self._words: tuple[str, ...] = ()

    # -- what a panel says of itself

    def load(self, store: Store) -> dict[str, Any]:
        """Every record of this panel by row id."""
        raise NotImplementedError

    def one(self, store: Store, row_id: str) -> Any | None:
        """One record by row id; None when it is gone."""
        raise NotImplementedError

    def sort_key(self, record: Any) -> SortKey:
        """Who needs a person most comes first. Made of what does not change with time."""
        raise NotImplementedError

    def cells(self, record: Any, now_ms: int) -> Sequence[Cell]:
        raise NotImplementedError

    def title(self, store: Store) -> str:
        """Counts in words; always live, also while the rows hold still."""
        raise NotImplementedError

    def nothing(self) -> str:
        """What being empty means here."""
        raise NotImplementedError

    def haystack(self, record: Any) -> str:
        """The text that a filter looks through."""
        raise NotImplementedError

    def terms(self, record: Any) -> dict[str, str]:
        """Named terms for filters like ``state:stale``."""
        return {}

    # -- the rows

    def update(self, store: Store, touched: Iterable[str]) -> None:
        """Bring the rows up to date; ``*`` means that they are few and are loaded whole."""
        ids = set(touched)
        if "*" in ids:
            fresh = self.load(store)
            for gone in self.records.keys() - fresh.keys():
                self._drop(gone)
            for row_id, record in fresh.items():
                self._put(row_id, record)
            return
        for row_id in ids:
            record = self.one(store, row_id)
            if record is None:
                self._drop(row_id)
            else:
                self._put(row_id, record)

    def _put(self, row_id: str, record: Any) -> None:
        self.records[row_id] = record
        self.rows.put(row_id, self.sort_key(record))

    def _drop(self, row_id: str) -> None:
        self.records.pop(row_id, None)
        self.rows.drop(row_id)

    def _cells_or_gone(self, row_id: str, now_ms: int) -> Sequence[Cell]:
        record = self.records.get(row_id)
        if record is None:
            return [Cell("")] * len(self.columns)
        return self.cells(record, now_ms)

    def empty_text(self, store: Store) -> str:
        """Nothing to show: because there is nothing, or because we may not see it."""
        if self._words and self.records:
            return f"nothing matches {' '.join(self._words)}"
        part = store.coverage()[self.part]
        if store.facts is None:
            return ""
        return plain(part.why or "not visible") if part.level == "none" else self.nothing()

    def set_filter(self, words: tuple[str, ...]) -> None:
        """Show only rows in which every word is found; ``name:value`` asks one term."""
        self._words = words
        self.rows.set_filter(self._matches if words else None)

    def _matches(self, row_id: str) -> bool:
        record = self.records.get(row_id)
        if record is None:
            return False
        text, terms = self.haystack(record).lower(), self.terms(record)
        return all(_has(word.lower(), text, terms) for word in self._words)


def _has(word: str, text: str, terms: dict[str, str]) -> bool:
    name, colon, value = word.partition(":")
    if colon and name in terms:
        return value in terms[name].lower()
    return word in text


def shown(text: str | None, absent: str = "-") -> str:
    """Gateway text for a cell: masked, escaped, or a dash when not known."""
    return absent if text is None else plain(mask(text)[0])
