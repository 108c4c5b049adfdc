"""Log lines about one session: by its key, its session ids and its run ids."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from clawtop.gateway.answers import log_line
from clawtop.picture.sessions import SessionFacts
from clawtop.text import iso, mask, plain

MOST_NAMES = 200
_IDS = re.compile(
    r"""\b(?:session_?[iI]d|run_?[iI]d)\\?["']?\s*[=:]\s*\\?["']?([A-Za-z0-9][\w.-]{7,99})"""
)
NO_TIME = "no time                 "  # as wide as a time


class Entry(Struct, frozen=True):
    """One line of the log. ``at_ms``: gateway ms; a line without a time has its neighbour's."""

    at_ms: int | None
    timed: bool
    level: str
    message: str
    raw: str

    @property
    def text(self) -> str:
        """``time level text``, masked, safe for a terminal, on one line."""
        time = iso(self.at_ms) if self.at_ms is not None and self.timed else NO_TIME
        return f"{time} {plain(self.level):<5} {plain(mask(self.message)[0])}"


def entries(raws: Iterable[str]) -> list[Entry]:
    """Lines as the gateway keeps them, oldest first. A half line at the end is left out."""
    found: list[Entry] = []
    last: int | None = None
    listed = list(raws)
    for number, raw in enumerate(listed):
        line = log_line(raw)
        if line.at_ms is None and raw.startswith("{") and number == len(listed) - 1:
            continue  # 2026.5.28 gives the newest line while it is being written
        last = line.at_ms if line.at_ms is not None else last
        found.append(Entry(last, line.at_ms is not None, line.level, line.message, raw))
    return found


def known_names(facts: SessionFacts | None) -> set[str]:
    """The session's ids and those of its runs, as far as the picture knows them."""
    if facts is None:
        return set()
    names = {facts.session_id, facts.ended_run, facts.answered_run}
    names |= {facts.run.run_id if facts.run else None, *(facts.active_run_ids or ())}
    names |= {item.run_id for item in facts.pending}
    return {name for name in names if name}


def about(lines: list[Entry], session_key: str, names: set[str]) -> list[Entry]:
    """Lines that name the session, or an id that such a line names with it."""
    by_key = _shape({session_key})
    mine = [line for line in lines if by_key.search(line.message) or by_key.search(line.raw)]
    more = {found for line in mine for found in _ids_of(line)}
    wanted = [session_key, *names, *sorted(more)][:MOST_NAMES]
    shape = _shape(wanted)
    return [line for line in lines if shape.search(line.message) or shape.search(line.raw)]


def _ids_of(line: Entry) -> list[str]:
    """Ids in a line about one session; one that lists several does not tell whose they are."""
    if len(re.findall(r"session_?[kK]ey", line.message)) > 1 or "work=[" in line.message:
        return []
    return _IDS.findall(line.message) + _IDS.findall(line.raw)


def _shape(names: Iterable[str]) -> re.Pattern[str]:
    """Whole names: a session key is often the beginning of another one."""
    words = "|".join(re.escape(name) for name in names)
    return re.compile(rf"(?<![\w-])(?:{words})(?![\w@+/-])(?!:[\w@+-])(?!\.[\w])")


def since(lines: list[Entry], since_ms: int | None) -> list[Entry]:
    """The last part of them; a line whose time nobody knows stays."""
    if since_ms is None:
        return lines
    return [line for line in lines if line.at_ms is None or line.at_ms >= since_ms]
