"""The table in the README: kept row by row, and compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.figures import SHARE, Figure


def figure(name: str, measured: float, *, unit: str = "x", at_least: bool = False) -> Figure:
    spread = measured * 0.9, measured * 1.1
    return Figure(name, measured, spread, 1.5, at_least, "", unit)


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_text(f"Before.\n{report.BEGIN}\nold\n{report.END}\nAfter.\n", encoding="utf-8")
    rows = [figure("one", 1.0).row(), figure("two", 2.0).row()]
    report.rewrite(f"Measured.\n\n{report.table(rows)}", path)
    return path


def test_only_what_is_between_the_markers_is_written(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("Before.\n")
    assert text.endswith("\nAfter.\n")
    assert "old" not in text


def test_the_table_is_read_back_as_it_was_written(readme: Path) -> None:
    standing = report.standing(readme)
    assert standing == {"one": figure("one", 1.0).row(), "two": figure("two", 2.0).row()}


def test_a_part_takes_the_place_of_its_rows_only(readme: Path) -> None:
    rows = report.merged(report.standing(readme), [figure("two", 3.0), figure("new", 1.0)])
    assert [row[0] for row in rows] == ["one", "two", "new"]
    assert rows[1][report.MEASURED] == "3.00x"


def test_a_readme_without_markers_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("no markers", encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        report.rewrite("text", path)
    assert path.read_text(encoding="utf-8") == "no markers"


@pytest.mark.parametrize(
    ("before", "now", "unit", "at_least", "said"),
    [
        (1.0, 1.1, "x", False, []),  # the spreads meet
        (1.0, 1.4, "x", False, ["WORSE   f: 1.00x → 1.40x"]),
        (1.4, 1.0, "x", False, ["better  f: 1.40x → 1.00x"]),
        (0.4, 0.8, SHARE, True, ["better  f: 40 % → 80 %"]),
        (0.8, 0.4, SHARE, True, ["WORSE   f: 80 % → 40 %"]),
        (1000.0, 2500.0, "B/s", False, ["WORSE   f: 1,000 B/s → 2,500 B/s"]),
        (0.0, 30.0, "B/s", False, ["WORSE   f: 0 B/s → 30.0 B/s"]),
    ],
)
def test_what_is_outside_the_old_spread_is_said(
    before: float, now: float, unit: str, at_least: bool, said: list[str]
) -> None:
    old = figure("f", before, unit=unit, at_least=at_least)
    new = figure("f", now, unit=unit, at_least=at_least)
    found = [*report.changes({"f": old.row()}, [new])]
    assert [line for _, line in found] == said
    assert [worse for worse, _ in found] == [line.startswith("WORSE") for line in said]


def test_figures_of_another_unit_or_without_a_past_are_not_compared() -> None:
    old = {"f": figure("f", 9.0, unit="ms").row()}
    assert not [*report.changes(old, [figure("f", 1.0), figure("g", 1.0)])]


def test_each_missed_target_has_its_line() -> None:
    lines = report.misses([figure("good", 1.0), figure("bad", 2.0)])
    assert lines == ["MISSED  bad: 2.00x, target ≤ 1.50x"]
