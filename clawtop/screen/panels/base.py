"""What every panel model does: keep copies of its records in order, so that rows can hold still
while the picture moves on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from clawtop.picture.seen import seen, why_unseen
from clawtop.picture.store import Store
from clawtop.screen.sorted_rows import Cell, Column, SortedRows
from clawtop.text import mask, plain

STRONG, CALM, FAINT = "bold", "", "dim"
BAD, WARN, GOOD = "bold red", "yellow", "green"

SortKey = tuple[Any, ...]
Order = Callable[[Any], SortKey]
NEED = "need"
HELD_BACK = "not shown yet: the rows hold still"


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
        self.order_name = NEED
        self._order: Order = self.sort_key
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

    def orders(self) -> dict[str, Order]:
        """Other orders that a person may want, by name. Sort keys here must not tick either."""
        return {}

    def cells(self, record: Any, now_ms: int) -> Sequence[Cell]:
        raise NotImplementedError

    def title(self, store: Store) -> str:
        """Counts in words; always live, also while the rows hold still."""
        raise NotImplementedError

    def number_of(self, store: Store) -> int:
        """The count that comes first in the title."""
        raise NotImplementedError

    def nothing(self) -> str:
        """What being empty means here."""
        raise NotImplementedError

    def gone(self, row_id: str) -> str:
        """That the record of this row is not there any more."""
        return "the selected record is gone"

    def haystack(self, record: Any) -> str:
        """The text that a filter looks through."""
        raise NotImplementedError

    def terms(self, record: Any) -> dict[str, str]:
        """Named terms for filters like ``state:stale``."""
        return {}

    def count(self, store: Store) -> int | None:
        """The count now; None where this gateway does not show it, or has not told it yet."""
        if store.facts is None or store.coverage()[self.part].level == "none":
            return None
        number = self.number_of(store)
        return number if number or seen(store, self.part) else None

    def heading(self, store: Store) -> str:
        """Counts in words, or why there are none."""
        if self.count(store) is not None:
            return self.title(store)
        if store.facts is None:
            return ""
        return "not visible" if store.coverage()[self.part].level == "none" else "asking"

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
        self.rows.put(row_id, self._order(record))

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
        if not self.records and self.load(store):  # the title counts on while the rows hold still
            return HELD_BACK
        if part.level == "none":
            return plain(part.why or "not visible")
        known = seen(store, self.part)
        return self.nothing() if known else f"not known: {plain(why_unseen(store, self.part))}"

    def next_order(self) -> str:
        """Sort by the next of the orders there are, and say which that is."""
        names = [NEED, *self.orders()]
        return self.set_order(names[(names.index(self.order_name) + 1) % len(names)])

    def set_order(self, name: str) -> str:
        """Sort by this order; a name that this panel does not have sorts by need."""
        found = self.orders()
        self.order_name = name if name in found else NEED
        self._order = found.get(name, self.sort_key)
        self.rows.clear()  # keys of two orders cannot be compared
        for row_id, record in self.records.items():
            self.rows.put(row_id, self._order(record))
        return self.order_name

    def set_filter(self, words: tuple[str, ...]) -> None:
        """Show only rows in which every word is found; ``name:value`` asks one term, and
        ``!`` before either holds back what has it."""
        self._words = words
        self.rows.set_filter(self._matches if words else None)

    def _matches(self, row_id: str) -> bool:
        record = self.records.get(row_id)
        if record is None:
            return False
        text, terms = self.haystack(record).lower(), self.terms(record)
        return all(_wanted(word.lower(), text, terms) for word in self._words)


def _wanted(word: str, text: str, terms: dict[str, str]) -> bool:
    if word.startswith("!") and len(word) > 1:
        return not _has(word[1:], text, terms)
    return _has(word, text, terms)


def _has(word: str, text: str, terms: dict[str, str]) -> bool:
    """One named term, or the words of the row: a session key looks like a term, too."""
    name, colon, value = word.partition(":")
    return word in text or (bool(colon) and value in terms.get(name, "").lower())


def shown(text: str | None, absent: str = "-") -> str:
    """Gateway text for a cell: masked, escaped, or a dash when not known."""
    return absent if text is None else plain(mask(text)[0])
