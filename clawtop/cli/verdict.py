"""From a picture to what ``check`` says: a status, one first line, more on later lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct

from clawtop.cli.incident_text import first_way, how_long
from clawtop.cli.metrics import Figures, Limit, performance
from clawtop.errors import UsageError
from clawtop.incidents.incident import Incident, Severity
from clawtop.picture.records import PARTS
from clawtop.picture.seen import TOLD_BY, told
from clawtop.picture.store import Store
from clawtop.text import age, count, mask, plain

LONGEST = 300  # characters of one text on a line; a whole line stays well below what pagers take
_IGNORE = re.compile(r"(I-\d{2,3})(?::(.+))?\Z")
REQUIRABLE = PARTS
FORGOTTEN_MS = 3_600_000  # a pause of an hour was forgotten, or is worth saying aloud
SHORT = {"leaked reply-run lock": "leaked lock"}


class Status(IntEnum):
    """The monitoring plugins' exit codes."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


BADNESS = (Status.OK, Status.WARNING, Status.UNKNOWN, Status.CRITICAL)
STATUS = {Severity.CRITICAL: Status.CRITICAL, Severity.WARNING: Status.WARNING}


class Item(Struct, frozen=True):
    """One reason for the status: in a few words, and what a later line adds."""

    status: Status
    text: str
    more: str = ""


class Ignored(Struct, frozen=True):
    """``--ignore I-NN[:SESSION]``."""

    id: str
    session_key: str | None

    def fits(self, incident: Incident) -> bool:
        same = self.session_key is None or self.session_key == incident.session_key
        return incident.id == self.id and same


def ignored_of(options: Iterable[str]) -> list[Ignored]:
    """``--ignore``, repeated or with commas. Raises UsageError."""
    found = []
    for text in (part for one in options for part in re.split(r",(?=\s*I-\d)", one)):
        match = _IGNORE.match(text.strip())
        if match is None:
            raise UsageError(
                f"{plain(text)!r} names no incident", "Write it like I-05 or I-05:agent:main:main"
            )
        found.append(Ignored(match.group(1), match.group(2)))
    return found


def required_of(text: str) -> list[str]:
    """``--require PART,…``. Raises UsageError."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        if part not in REQUIRABLE:
            known = ", ".join(REQUIRABLE)
            raise UsageError(f"there is no part {plain(part)!r}", f"The parts: {known}")
    return parts


def safe(text: str) -> str:
    """Text for a line that others parse: masked, escaped, bounded, and without ``|``."""
    shown = plain(mask(text)[0]).replace("|", "\\x7c")
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def incident_item(one: Incident, store: Store) -> Item:
    """An incident as a reason."""
    where = f" {safe(one.session_key)}" if one.session_key else ""
    name = SHORT.get(one.name, one.name)
    text = f"{safe(name)}{where} {how_long(one, store.now_ms)}"
    way = first_way(one, store)
    out = "" if way is None else f"; way out: {safe(way.command or way.label)}"
    more = f"{one.id} ({one.certainty}): {safe(one.summary)}{out}"
    return Item(STATUS.get(Severity(one.severity), Status.OK), text, more)


def pause_items(store: Store) -> list[Item]:
    """A pause of clawtop's own that was forgotten. It is no incident: it was meant, once."""
    switch = store.switch
    if store.heartbeats.ours.problem:
        return [Item(Status.WARNING, "whether clawtop paused heartbeats is lost", safe(switch.why))]
    if switch.since_ms is None:
        return []
    long = store.now_ms - switch.since_ms >= FORGOTTEN_MS
    bad = Status.WARNING if switch.possible else Status.CRITICAL
    text = f"{switch.word} by clawtop {age(store.now_ms - switch.since_ms)}"
    who = f"by {switch.operator}: " if switch.operator else ""
    more = safe(f"{who}{switch.why}; way out: clawtop heartbeats resume")
    return [Item(bad if long else Status.OK, text, more)]


def limit_items(figures: Figures, limits: list[Limit], at_least: dict[str, int]) -> list[Item]:
    """Figures above their limit; one that has a limit and cannot be told is UNKNOWN, unless it
    is above the limit in any case."""
    found = []
    for limit in limits:
        value, status = figures[limit.metric], STATUS[limit.severity]
        least = at_least.get(limit.metric, 0)
        if value is None and least > limit.most:
            text = f"{limit.metric} is at least {least}, above {limit.most:g}"
            found.append(Item(status, text))
        elif value is None:
            found.append(Item(Status.UNKNOWN, f"{limit.metric} cannot be told here"))
        elif value > limit.most:
            found.append(Item(status, f"{limit.metric} is {value}, above {limit.most:g}"))
    return found


def unseen(store: Store, required: list[str]) -> list[tuple[str, str]]:
    """The required parts that cannot be seen, and why."""
    coverage, found = store.coverage(), []
    for part in required:
        known = coverage.get(part)
        if known is not None and known.level in ("none", "own"):
            found.append((part, known.why or "not visible here"))
        elif part in TOLD_BY and not told(store, part):
            found.append((part, store.failed.get(part) or "the gateway did not answer for it"))
    return found


def worst(items: Iterable[Item]) -> Status:
    """Critical before unknown before warning: what is surely broken is said first."""
    return max((item.status for item in items), key=BADNESS.index, default=Status.OK)


def sorted_items(items: Iterable[Item]) -> list[Item]:
    return sorted(items, key=lambda item: -BADNESS.index(item.status))


def lines_of(
    items: list[Item], figures: Figures, limits: list[Limit], notes: list[str]
) -> list[str]:
    """The first line, then one for each further reason and note. ``items`` worst first."""
    bad = [item for item in items if item.status is not Status.OK]
    status = worst(items)
    text = bad[0].text if bad else _calm(figures)
    if len(bad) > 1:
        text += f" (+{len(bad) - 1} more)"
    if "first look" in notes:
        text += " (first look)"
    lines = [f"CLAWTOP {status.name} - {text} | {performance(figures, limits)}"]
    if bad and bad[0].more:
        lines.append(f"{bad[0].status.name} {bad[0].more}")
    lines += [_later(item) for item in (*bad[1:], *(one for one in items if one not in bad))]
    return lines + [safe(note) for note in notes if note != "first look"]


def _later(item: Item) -> str:
    word = "INFO" if item.status is Status.OK else item.status.name
    return f"{word} {item.text}" + (f" {item.more}" if item.more else "")


def _calm(figures: Figures) -> str:
    locks, unnamed = figures["locks"], figures["unnamed_locks"]
    if locks is None:
        return "no incident"
    if unnamed == 0:
        return f"no incident, {count(locks, 'lock')} held"
    others = f"{unnamed} that no session can be named for" if unnamed else "others are not counted"
    return f"no incident, {count(locks, 'named lock')} held, {others}"
