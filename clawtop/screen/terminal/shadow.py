"""What the terminal shows, cell by cell, so that only what differs is sent. Pure.

A cell is a character and its colours. What is unknown is equal to nothing.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len

from clawtop.screen.terminal.pen import Pen

UNKNOWN = None
FREE = 3  # equal cells between two that differ: sending them is no longer than a move over them


def is_one_by_one(text: str) -> bool:
    """Every character takes one cell, alone and beside the others."""
    return text.isprintable() if text.isascii() else _are_narrow(text)


@lru_cache(maxsize=1024)
def _are_narrow(text: str) -> bool:
    return cell_len(text) == len(text) and all(cell_len(one) == 1 for one in text)


class Shadow:
    """The cells of a terminal of a given size; at first nothing is known."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._text = [" " * width] * height
        self._sgr: list[list[str | None]] = [[UNKNOWN] * width for _ in range(height)]

    def forget_line(self, y: int) -> None:
        """Whatever comes there next is sent."""
        self._sgr[y] = [UNKNOWN] * self.size[0]

    def put(self, pen: Pen, x: int, y: int, text: str, sgr: str) -> None:
        """The text is there from now on, one cell a character; the pen gets what was not."""
        end = x + len(text)
        shown, known = self._text[y], self._sgr[y]
        wanted = [sgr] * len(text)
        if shown[x:end] == text and known[x:end] == wanted:
            return
        for start, stop in _runs(shown[x:end], known[x:end], text, sgr):
            pen.write(x + start, y, text[start:stop], sgr)
        self._text[y] = shown[:x] + text + shown[end:]
        known[x:end] = wanted


def _runs(shown: str, known: list[str | None], text: str, sgr: str) -> list[tuple[int, int]]:
    """The stretches of ``text`` that differ from what is shown there."""
    runs: list[tuple[int, int]] = []
    for index, character in enumerate(text):
        if shown[index] == character and known[index] == sgr:
            continue
        if runs and index - runs[-1][1] <= FREE:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs
