"""The terminal that the benchmarks read: what stands where after what was written."""

from __future__ import annotations

import pytest

from benchmarks.grid import Grid


def written(*parts: str, size: tuple[int, int] = (10, 3)) -> list[str]:
    grid = Grid(size)
    for part in parts:
        grid.take(part.encode())
    return [line.rstrip() for line in grid.lines]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("\x1b[2;3Hab", ["", "  ab", ""]),
        ("\x1b[Hab\r\ncd", ["ab", "cd", ""]),
        ("\x1b[1;31mred\x1b[0m", ["red", "", ""]),
        ("\x1b[?1049h\x1b[>1uab", ["ab", "", ""]),
        ("\x1b]0;a title\x07ab", ["ab", "", ""]),
        ("ab\x1b[4Cc", ["ab    c", "", ""]),
        ("abcd\x1b[2Dx", ["abxd", "", ""]),
        ("abcd\x1b[2G\x1b[Kx", ["ax", "", ""]),
        ("abcd\x1b[2G\x1b[2Xx", ["ax d", "", ""]),
        ("abcd\x1b[2J\x1b[Hx", ["x", "", ""]),
        ("0123456789more", ["0123456789", "", ""]),
        ("\x1b[99;99H\x1b[3Gx", ["", "", "  x"]),
        ("\x1b[3;2H\x1b[Aab\x1b[Bc", ["", " ab", "   c"]),
        ("ab\x1b[>1Dc", ["abc", "", ""]),
        ("─ ≥1s", ["─ ≥1s", "", ""]),
    ],
)
def test_what_stands_on_the_screen(text: str, lines: list[str]) -> None:
    assert written(text) == lines


def test_a_line_never_grows() -> None:
    grid = Grid((10, 3))
    grid.take(b"\x1b[1;6H0123456789")
    assert [len(line) for line in grid.lines] == [10, 10, 10]


def test_a_sequence_may_be_cut_anywhere() -> None:
    data = "\x1b[2;3H\x1b[38;2;1;2;3m─a\x1b]0;t\x07b".encode()
    whole = Grid((10, 3))
    whole.take(data)
    for place in range(len(data)):
        grid = Grid((10, 3))
        grid.take(data[:place])
        grid.take(data[place:])
        assert grid.lines == whole.lines, place
    assert whole.lines[1].rstrip() == "  ─ab"
