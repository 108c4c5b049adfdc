"""The rows of a table as plain data: what a column is, and ids kept in the order of a sort key.

Knows nothing of Textual, widths or themes; a table asks for ids by position, and for cells
only of the rows that it paints.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from sortedcontainers import SortedKeyList


class Column(NamedTuple):
    """A column; `width` is exact, or the least width when `flex` lets it take what is left."""

    name: str
    width: int
    flex: bool = False
    align: Literal["left", "right"] = "left"
    rank: int = 0  # the highest rank leaves first when the table is too narrow
    middle: bool = False  # cut in the middle, for ids that differ at their ends


class Cell(NamedTuple):
    """One cell: text that is already escaped, and a Rich style."""

    text: str
    style: str = ""


class RowSource(Protocol):
    """What a table shows: ids in order, and the cells of one id at one moment."""

    @property
    def columns(self) -> Sequence[Column]: ...

    def __len__(self) -> int: ...

    def id_at(self, index: int) -> str: ...

    def index_of(self, row_id: str) -> int | None: ...

    def cells(self, row_id: str, now_ms: int) -> Sequence[Cell]: ...


class Ordered(Hashable, Protocol):
    """Anything that sorts: a number, a string, a tuple of them."""

    def __lt__(self, other: Any, /) -> bool: ...


Key = TypeVar("Key", bound=Ordered)
CellsOf = Callable[[str, int], Sequence[Cell]]
Keep = Callable[[str], bool]


class SortedRows(Generic[Key]):
    """A row source that keeps ids in the order of their sort keys; equal keys fall back on the id.

    The id is part of the order so that equal rows never swap places between two paints, and so
    that a row is found by bisection even when thousands share one key.
    """

    def __init__(self, columns: Sequence[Column], cells: CellsOf) -> None:
        self.columns: Sequence[Column] = tuple(columns)
        self._cells = cells
        self._places: dict[str, tuple[Any, ...]] = {}
        self._keep: Keep | None = None
        self._order = SortedKeyList(key=self._places.__getitem__)

    def __len__(self) -> int:
        return len(self._order)

    @property
    def hidden(self) -> int:
        """How many rows the filter holds back."""
        return len(self._places) - len(self._order)

    def id_at(self, index: int) -> str:
        row_id: str = self._order[index]
        return row_id

    def index_of(self, row_id: str) -> int | None:
        if row_id not in self._places:
            return None
        try:
            index: int = self._order.index(row_id)
        except ValueError:  # known, but held back by the filter
            return None
        return index

    def cells(self, row_id: str, now_ms: int) -> Sequence[Cell]:
        return self._cells(row_id, now_ms)

    def put(self, row_id: str, sort_key: Key) -> None:
        """Add the row, or move it; the filter is asked anew, for what it reads may have changed."""
        # one flat tuple, for there may be many rows
        place = (*sort_key, row_id) if isinstance(sort_key, tuple) else (sort_key, row_id)
        known = self._places.get(row_id) == place
        if known and self._keep is None:
            return
        if not known:
            self.drop(row_id)  # with its old key, or it could not be found again
            self._places[row_id] = place
        wanted = self._keep is None or self._keep(row_id)
        listed = known and row_id in self._order
        if wanted and not listed:
            self._order.add(row_id)
        elif listed and not wanted:
            self._order.remove(row_id)

    def drop(self, row_id: str) -> None:
        """Forget the row; a row that is not there is no error, for events repeat."""
        if row_id in self._places:
            self._order.discard(row_id)
            del self._places[row_id]

    def clear(self) -> None:
        self._order.clear()
        self._places.clear()

    def set_filter(self, keep: Keep | None) -> None:
        """List only the ids that `keep` accepts, or all of them; asks once for each row."""
        self._keep = keep
        ids = filter(keep, self._places) if keep else self._places
        self._order = SortedKeyList(ids, self._places.__getitem__)
