"""Ten minutes of a busy night: the short form of ``python -m endurance``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from endurance.__main__ import problems
from endurance.figures import write_figures
from endurance.night import night


def test_nothing_is_left_behind_by_a_part_of_a_busy_night() -> None:
    passed = asyncio.run(night(600, round_s=300, look_s=100))
    assert problems(passed) == []
    assert passed.events > 500
    assert passed.rounds == 2
    first, last = passed.samples[0], passed.samples[-1]
    assert last.widget_lines <= first.widget_lines * 2, "closed pages are not kept"


def test_figures_go_between_their_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x -->\nold\n<!-- /x -->\nafter\n")
    write_figures("x", {"a": "1"}, "hand", page)
    text = page.read_text()
    assert "old" not in text
    assert "| a | 1 |" in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    with pytest.raises(ValueError, match="no place for y"):
        write_figures("y", {}, "hand", page)
