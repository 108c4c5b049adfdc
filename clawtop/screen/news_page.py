"""The pages of ``w`` (what changed) and ``l`` (log lines)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.text import Text

from clawtop.incidents.incident import Incident, Severity
from clawtop.picture.changes import LogLine
from clawtop.picture.records import Lock
from clawtop.picture.store import LOG_LINES, Store
from clawtop.screen.page import Page
from clawtop.screen.since import Changed, Moved
from clawtop.screen.standing import WORDS, since_text
from clawtop.text import age, count, mask, utc

LINES = 400  # as many as a person scrolls
BAD_LEVELS = ("WARN", "ERROR", "FATAL")
# Where a key begins and ends: `lane=session:KEY` and `KEY: text` name it, `KEY:thread:1` does not.
_BEGINS, _ENDS = r"(?<![\w@+-])", r"(?![\w@+-]|[.:]\w)"


def changes_page(changed: Changed, now_ms: int) -> Text:
    """What became new, worse, better or gone since the last time somebody asked."""
    ago = age(now_ms - changed.since_ms)
    page = Page(f"WHAT CHANGED since {utc(changed.since_ms)}, {ago} ago")
    page.section("INCIDENTS")
    for one in changed.incidents:
        _moved(page, one, now_ms)
    if not changed.incidents:
        page.line("  no change")
    page.section("LOCKS")
    for one in changed.locks:
        _moved(page, one, now_ms)
    if not changed.locks:
        page.line("  no change for worse or better")
    if changed.taken or changed.let_go:
        taken = count(changed.taken, "lock")
        page.line(f"  healthy: {taken} taken, {changed.let_go} let go", "dim")
    return page.text


def _moved(page: Page, one: Moved, now_ms: int) -> None:
    was = f"  (was {one.was})" if one.was else ""
    if isinstance(one.record, Incident):
        page.line(f"  {one.what:<14}{_incident(one.record, now_ms)}{was}")
    else:
        page.line(f"  {one.what:<14}{_lock(one.what, one.record)}{was}")


def _incident(one: Incident, now_ms: int) -> str:
    where = one.session_key or mask(one.summary)[0]
    word = WORDS[Severity(one.severity)]
    return f"{word} {one.name}  {where}  {since_text(one, now_ms)}"


def _lock(what: str, lock: Lock) -> str:
    state = "" if what == "gone" else f"{lock.verdict}  "
    return f"{state}{lock.session_key}  {lock.holder}"


def logs_page(words: Sequence[str], session_key: str | None, store: Store) -> Text:
    """The kept log lines that name one of ``words`` (a session key, its ids), newest last.

    Without words: the newest lines of the whole log.
    """
    page = Page(f"LOG  {session_key}" if session_key else "LOG  all lines: no session in this row")
    part = store.coverage()["logs"]
    if part.level == "none":
        page.line(f"  not visible: {part.why}")
        page.line("  On the gateway's own host: clawtop logs, or the gateway's log file", "dim")
        return page.text
    lines = _about(words, session_key, store) if words else list(store.log)
    page.line(f"  {_kept(store)}", "dim")
    for line in lines[-LINES:]:
        _log_line(page, line)
    if not lines:
        page.line("  no line names it" if words else "  nothing was logged yet")
    return page.text


def _kept(store: Store) -> str:
    """From when on lines are known: the tail of the log at the start, and what came since."""
    first = next((line.at_ms for line in store.log if line.at_ms is not None), None)
    since = f", since {utc(first)}" if first is not None else ""
    kept = count(len(store.log), "line")
    full = ", the most it keeps" if len(store.log) >= LOG_LINES else ""
    return f"looked through the newest {kept} that clawtop has{since}{full}"


def _about(words: Sequence[str], session_key: str | None, store: Store) -> list[LogLine]:
    """Kept lines that name it, and older notes of that session whose line is not kept any more."""
    lines = [line for line in store.log if names(line.message, words)]
    kept = {(line.at_ms, line.message) for line in lines}
    notes = store.logbook.of_session(session_key) if session_key else []
    older = [
        LogLine(note.at_ms, "", note.text or note.head)
        for note in notes
        if (note.at_ms, note.text) not in kept
    ]
    return sorted([*older, *lines], key=lambda line: line.at_ms or 0)


def names(message: str, words: Iterable[str]) -> bool:
    """Whether the line names one of these, not merely something that begins like it."""
    return any(
        word in message and re.search(_BEGINS + re.escape(word) + _ENDS, message) for word in words
    )


def _log_line(page: Page, line: LogLine) -> None:
    at = "--:--:--Z" if line.at_ms is None else utc(line.at_ms)
    style = "bold" if line.level.upper() in BAD_LEVELS else ""
    page.line(f"  {at} {line.level.upper():<5} {mask(line.message)[0]}", style)
