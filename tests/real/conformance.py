"""What counts as a difference between the notes of two stories, one told to a real gateway."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from .reads import EVENTS, reads
from .shapes import Difference, Shape, differences, inventions
from .story import NOBODY, Notes

WORDY = frozenset(
    {
        "action",
        "approvalKind",
        "decision",
        "kind",
        "lane",
        "mode",
        "outcome",
        "phase",
        "reason",
        "role",
        "runtime",
        "state",
        "status",
        "stream",
        "type",
    }
)
"""Fields whose texts are words of the gateway's, not somebody's text."""
AMBIENT = frozenset({"tick", "health", "presence", "heartbeat", "shutdown", "gateway.suspension"})
"""Events that come by the clock, not by what the story does."""
_NAMES = re.compile(r"agent:main:[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+")


@dataclass(frozen=True, order=True)
class Found:
    """One difference: where it was noted, and what it is."""

    about: str
    path: str
    what: str
    situation: str = ""

    def __str__(self) -> str:
        return f"{self.about} | {self.path} | {self.what} | {self.situation}"


@dataclass(frozen=True)
class Listed:
    """A difference that is known, with its reason. ``about`` and ``path`` may have ``*``."""

    about: str
    path: str
    why: str
    generation: str = "*"
    sometimes: bool = False
    """Whether it depends on how fast or busy the real gateway is: it may be absent."""

    def names(self, found: Found, generation: str) -> bool:
        """Whether this entry is about that difference."""
        return (
            fnmatchcase(generation, self.generation)
            and fnmatchcase(found.about, self.about)
            and fnmatchcase(found.path, self.path)
        )


def shapes(notes: Notes, *, whole: bool = False) -> dict[str, Shape]:
    """The shape under each name; ``whole``: all situations of a question are one."""
    found: dict[str, Shape] = defaultdict(Shape)
    for name, samples in notes.items():
        for sample in samples:
            found[about(name) if whole else name].add(sample)
    return found


def about(name: str) -> str:
    """The name without its situation; every kind of row change counts as one."""
    first = name.partition(" / ")[0]
    return first.partition("=")[0] if first.startswith("event sessions.changed") else first


def situation(name: str) -> str:
    return name.partition(" / ")[2]


def invented(real: Notes, demo: Notes) -> Iterator[Found]:
    """Fields and types that the real gateway never has, in no situation; and read ones that the
    other never has. Fields that only the real one has are no difference when nobody reads them."""
    ours, theirs = shapes(demo, whole=True), shapes(real, whole=True)
    for name in sorted(ours.keys() & theirs.keys()):
        for one in inventions(theirs[name], ours[name], reads(name)):
            yield _found(name, one)


def unlike(real: Notes, demo: Notes) -> Iterator[Found]:
    """Read fields of answers that are not alike in one and the same situation.

    Events are left out: the rows in them are as old as the gateway is busy.
    """
    ours, theirs = shapes(demo), shapes(real)
    for name in sorted(ours.keys() & theirs.keys()):
        if not name.startswith("event "):
            for one in differences(theirs[name], ours[name], reads(name)):
                yield _found(name, one)


def _found(name: str, one: Difference) -> Found:
    return Found(about(name), one.path, one.what, situation(name))


def strange_words(real: Notes, demo: Notes) -> Iterator[Found]:
    """Words that the real gateway never said in that place."""
    ours, theirs = shapes(demo, whole=True), shapes(real, whole=True)
    for name in sorted(ours.keys() & theirs.keys()):
        said = dict(_words(theirs[name]))
        for path, words in _words(ours[name]):
            if strange := words - said.get(path, set()):
                yield Found(name, path, f"says {', '.join(sorted(strange))}")


def _words(shape: Shape, path: str = "") -> Iterator[tuple[str, set[str]]]:
    if shape.words and path.rpartition(".")[2].rstrip("[]") in WORDY:
        yield path, {_NAMES.sub("#", word) for word in shape.words}
    for name, inner in shape.fields.items():
        yield from _words(inner, f"{path}.{name}" if path else name)
    if shape.items:
        yield from _words(shape.items, f"{path}[]")


def other_refusals(real: Notes, demo: Notes) -> Iterator[Found]:
    """Error codes, reasons and texts that are not the same in the same situation; closes too."""
    for name in sorted(real.keys() & demo.keys()):
        if name.startswith("event "):
            continue
        theirs, ours = ([_refusal(one) for one in notes[name]] for notes in (real, demo))
        if theirs != ours:
            what = f"{ours} instead of {theirs}"
            yield Found(about(name), "error", what, situation(name))


def _refusal(sample: Any) -> tuple[object, ...] | None:
    if not isinstance(sample, dict) or "document" in sample:
        return None if not isinstance(sample, dict) else (sample["status"], sample["kind"])
    error = sample.get("answer", sample).get("error")
    if not error:
        return None
    details = error.get("details") or {}
    words = [details.get(name) for name in ("code", "reason", "missingScope")]
    text = _NAMES.sub("#", error["message"])
    return error["code"], *words, text, error.get("retryable"), sample.get("closed")


def other_events(real: Notes, demo: Notes) -> Iterator[Found]:
    """Events that clawtop reads and that one of the two never sends for one session."""
    ours, theirs = _events(demo), _events(real)
    for where in sorted(ours.keys() | theirs.keys()):
        for name in sorted(ours[where] ^ theirs[where]):
            what = "only here" if name in ours[where] else "never sent"
            yield Found(f"event {name}", "", what, where)


def _events(notes: Notes) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name in notes:
        if name.startswith("event "):
            event = name.split(" ")[1]
            if event in EVENTS and event not in AMBIENT and situation(name) != NOBODY:
                found[situation(name)].add(event)
    return found


def strange_events(real: Notes, demo: Notes) -> Iterator[Found]:
    """Kinds of events that the real gateway never sent: a phase, a stream, a state."""
    known = {name.partition(" / ")[0] for name in real}
    for name in sorted({name.partition(" / ")[0] for name in demo} - known):
        if name.startswith("event "):
            yield Found(name, "", "is invented")
