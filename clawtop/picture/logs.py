"""What the gateway's own log lines say about sessions: ``key=value`` pairs behind a known head.

Parsed tolerantly: unknown, missing or reordered pairs are fine, values may be quoted. Shapes
were seen on 2026.5.28 and 2026.9.6 (subsystem ``diagnostic``).
"""

from __future__ import annotations

import re

from msgspec import Struct

from clawtop.picture.changes import LogLine

_PAIR = re.compile(r'(?<![\w.])([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|\S*)')
STALL_HEADS = ("stuck session", "stalled session", "long-running session")
OUTCOME_HEAD = "stuck session recovery outcome"
RELEASE_HEADS = (
    "reply run terminal settle",
    "reply run finalization settle",
    "reply run stale takeover",
)


class Note(Struct, frozen=True, gc=False):
    """One parsed line: its head, its time in gateway ms, its pairs."""

    head: str
    at_ms: int
    pairs: dict[str, str]

    @property
    def session_key(self) -> str | None:
        return self.pairs.get("sessionKey") or None

    def seconds_ms(self, name: str) -> int | None:
        """A value like ``27s`` in ms."""
        match = re.match(r"(\d+)s\Z", self.pairs.get(name, ""))
        return int(match.group(1)) * 1000 if match else None

    def number(self, name: str) -> int | None:
        value = self.pairs.get(name, "")
        return int(value) if value.isascii() and value.isdigit() else None


def note_of(line: LogLine) -> Note | None:
    """The line as a note, or None for lines that say nothing about sessions."""
    if line.at_ms is None:
        return None
    head, colon, rest = line.message.partition(":")
    if not colon or head not in (*STALL_HEADS, OUTCOME_HEAD, *RELEASE_HEADS):
        return None
    pairs = {name: _unquoted(value) for name, value in _PAIR.findall(rest)}
    return Note(head, line.at_ms, pairs)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"')
    return value
