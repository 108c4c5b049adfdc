"""Long lines of a page go on under their own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from clawtop.screen.page import Hanging, Page


def shown(text: str, width: int) -> list[str]:
    console = Console(width=width, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(Hanging(Text(text)), end="")
    return [line.rstrip() for line in capture.get().splitlines()]


@pytest.mark.parametrize(
    ("line", "width", "wanted"),
    [
        ("short", 20, ["short"]),
        (
            "  shell     release agent:x --yes",
            24,
            ["  shell     release", "            agent:x", "            --yes"],
        ),
        ("  shell     release it", 16, ["  shell", "release it"]),
        ("  - it is held and no run", 20, ["  - it is held and", "    no run"]),
        ("no indent at all in here", 20, ["no indent at all in", "  here"]),
    ],
)
def test_a_long_line_hangs(line: str, width: int, wanted: list[str]) -> None:
    """Where names would leave no room for words, the line is wrapped as it is."""
    assert shown(line, width) == wanted


@given(st.text("ab :-", max_size=80), st.integers(8, 60))
def test_no_word_is_lost_and_no_line_is_too_long(line: str, width: int) -> None:
    lines = shown(line, width)
    assert "".join("".join(lines).split()) == "".join(line.split())
    assert all(len(one) <= width for one in lines)


def test_styles_stay_with_their_words() -> None:
    page = Page("title")
    page.line("  a long line that has to be wrapped somewhere", "bold")
    console = Console(width=20)
    parts = [part for part in console.render(Hanging(page.text)) if part.text.strip()]
    assert all(part.style and part.style.bold for part in parts)
