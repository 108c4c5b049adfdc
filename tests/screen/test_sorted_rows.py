"""Rows as plain data, kept in the order of their sort keys."""

import subprocess
import sys
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from clawtop.screen.rows import Cell, SortedRows
from tests.screen.table_stage import COLUMNS

CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 12), st.integers(0, 3)),
        st.tuples(st.just("drop"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("filter"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=60,
)


def multiples_of(modulus: int) -> Callable[[str], bool]:
    return lambda row_id: int(row_id) % modulus == 0


@given(CHANGES)
def test_sorted_rows_are_sorted(changes: list[tuple[str, int, int]]) -> None:
    rows: SortedRows[int] = SortedRows(COLUMNS, lambda row_id, now_ms: [Cell(row_id)])
    model: dict[str, int] = {}
    modulus = 0
    for what, number, key in changes:
        if what == "put":
            rows.put(f"{number}", key)
            model[f"{number}"] = key
        elif what == "drop":
            rows.drop(f"{number}")
            model.pop(f"{number}", None)
        elif what == "clear":
            rows.clear()
            model.clear()
        else:
            modulus = number
            rows.set_filter(multiples_of(modulus) if modulus else None)
        listed = [row_id for row_id in model if not modulus or int(row_id) % modulus == 0]
        wanted = sorted(listed, key=lambda row_id: (model[row_id], row_id))
        assert [rows.id_at(index) for index in range(len(rows))] == wanted
        positions = {row_id: place for place, row_id in enumerate(wanted)}
        assert {f"{n}": rows.index_of(f"{n}") for n in range(14)} == {
            f"{n}": positions.get(f"{n}") for n in range(14)
        }


def test_put_asks_the_filter_again_and_set_filter_asks_once() -> None:
    quiet, asked = {"a"}, list[str]()

    def loud(row_id: str) -> bool:
        asked.append(row_id)
        return row_id not in quiet

    rows: SortedRows[int] = SortedRows(COLUMNS, lambda row_id, now_ms: [])
    for row_id in "abc":
        rows.put(row_id, 1)
    rows.set_filter(loud)
    assert (sorted(asked), rows.index_of("a"), len(rows)) == (["a", "b", "c"], None, 2)
    quiet.clear()
    rows.put("a", 1)
    assert rows.index_of("a") == 0
    quiet.add("b")
    rows.put("b", 1)
    assert (rows.index_of("b"), rows.hidden) == (None, 1)


def test_sorted_rows_do_not_know_textual() -> None:
    code = "import sys, clawtop.screen.sorted_rows; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
