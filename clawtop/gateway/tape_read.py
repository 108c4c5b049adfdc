"""Reads a tape: a header at once, an index bit by bit, a line when it is wanted.

The index holds where each line is and when it was; it is made from the first bytes of a line,
so that opening a large tape costs a scan for line breaks and not the decoding of its lines.
"""

from __future__ import annotations

import os
import re
import stat
import time
from array import array
from bisect import bisect_right
from pathlib import Path

import msgspec

from clawtop.errors import UsageError
from clawtop.gateway.feed import Line
from clawtop.gateway.frames import UNREADABLE
from clawtop.gateway.tape import SCHEMA, Header
from clawtop.text import plain

BLOCK = 1 << 20
LONGEST_HEADER = 1 << 20

_STAMP = re.compile(rb'\{"at":(\d{1,15}),"offset":(-?\d{1,15})[,}]')
_header = msgspec.json.Decoder(Header)
_line = msgspec.json.Decoder(Line)


class Tape:
    """One recording. Times are gateway ms and never go back.

    ``skipped`` counts lines that are no lines of a tape; ``cut``: the last one is half a line.
    """

    def __init__(self, path: Path) -> None:
        """Open it and read its header. Raises UsageError for what is no recording."""
        self.path = path
        self._file, self.size = _opened(path)
        try:
            self.header, self._at = _read_header(path, self._file)
        except BaseException:
            os.close(self._file)
            raise
        self.cut = False
        self.skipped = 0
        self.begins_ms = self.header.at_ms + self.header.offset_ms
        self._starts, self._lengths = array("Q"), array("Q")
        self._times = array("q")

    def close(self) -> None:
        os.close(self._file)

    # -- the index

    def __len__(self) -> int:
        """How many lines are indexed by now."""
        return len(self._starts)

    @property
    def scanned(self) -> bool:
        """Whether the index is complete."""
        return self._at >= self.size

    @property
    def ends_ms(self) -> int:
        """When the last line was that is indexed by now."""
        return self._times[-1] if self._times else self.begins_ms

    def scan(self, for_s: float = float("inf")) -> bool:
        """Go on with the index for about ``for_s`` seconds; True when it is complete."""
        until = time.monotonic() + for_s
        while not self.scanned:
            self._index(self._block())
            if time.monotonic() >= until:
                break
        return self.scanned

    def _block(self) -> bytes:
        """Whole lines from here on, or what is left."""
        size = BLOCK
        while True:
            block = os.pread(self._file, min(size, self.size - self._at), self._at)
            last = block.rfind(b"\n")
            if last >= 0:
                return block[: last + 1]
            if len(block) < size:
                self._leave_rest(block)
                return b""
            size *= 2

    def _leave_rest(self, rest: bytes) -> None:
        """A last line without an end: whole but for its line break, or half a line."""
        try:
            _line.decode(rest)
        except UNREADABLE:
            self.cut = bool(rest)
        else:
            self._add(rest, 0, len(rest), self._at)
        self._at = self.size

    def _index(self, block: bytes) -> None:
        start, end = 0, len(block)
        while start < end:
            stop = block.find(b"\n", start)
            self._add(block, start, stop, self._at + start)
            start = stop + 1
        self._at += end

    def _add(self, block: bytes, start: int, stop: int, place: int) -> None:
        stamp = _STAMP.match(block, start, stop)
        if stamp is None:
            self.skipped += 1
            return
        at_ms = int(stamp[1]) + int(stamp[2])
        self._starts.append(place)
        self._lengths.append(stop - start)
        self._times.append(max(at_ms, self.ends_ms))

    # -- lines

    def line(self, index: int) -> Line | None:
        """One line; None when it is none."""
        data = os.pread(self._file, self._lengths[index], self._starts[index])
        try:
            return _line.decode(data)
        except UNREADABLE:
            return None

    def time(self, index: int) -> int:
        """When a line was."""
        return self._times[index]

    def part(self, index: int) -> float:
        """Which part of the file lies before a line, from 0 to 1."""
        return self._starts[index] / self.size if index < len(self) else self._at / self.size

    def place(self, at_ms: int) -> int:
        """How many of the lines indexed by now were at ``at_ms`` or before."""
        return bisect_right(self._times, at_ms)


def _opened(path: Path) -> tuple[int, int]:
    """The file and its size. Only regular files: a pipe has no places to go back to."""
    shown = plain(str(path))
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{shown} is not a file", "Give a file made by clawtop record")
        file = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise UsageError(f"cannot read {shown}: {error.strerror}", "Check the name") from None
    return file, os.fstat(file).st_size


def _read_header(path: Path, file: int) -> tuple[Header, int]:
    """The header, and where the lines begin."""
    first, _, _ = os.pread(file, LONGEST_HEADER, 0).partition(b"\n")
    shown = plain(str(path))
    if not first:
        raise UsageError(f"{shown} is empty", "Give a file made by clawtop record")
    try:
        header = _header.decode(first)
    except UNREADABLE:
        raise UsageError(
            f"{shown} is not a recording", "Give a file made by clawtop record"
        ) from None
    if header.schema != SCHEMA:
        raise UsageError(
            f"{shown} is a {plain(header.schema)!r}, not a {SCHEMA}",
            "A newer clawtop may be able to read it",
        )
    return header, len(first) + 1
