"""A change as one line for a person: time, what happened, and where. Ids are never cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clawtop.cli.differ import Line
from clawtop.text import age, mask, plain, utc

Row = dict[str, Any]
NOUN = {
    "incidents": "incident",
    "locks": "lock",
    "approvals": "approval",
    "system_events": "event",
    "recoveries": "recovery",
    "lanes": "lane",
    "link": "link",
}


def line_text(line: Line) -> str:
    """``03:12:44Z  new       lock      LEAKED …``, safe for a terminal."""
    word = line.was or line.change
    told = TELL[line.panel](line.row or {}, line) if line.row is not None else line.id
    return f"{utc(line.at_ms)}  {word:<8} {NOUN[line.panel]:<9} {plain(mask(told)[0])}".rstrip()


def _link(row: Row, line: Line) -> str:
    if line.change == "gap":
        return f"{row['missed_frames']} frames missed: what happened in between is not known"
    if not row["up"]:
        return f"down: {row['why'] or 'the link ended'}"
    gateway = row["gateway"] or {}
    return f"up: {gateway.get('name')} {gateway.get('version') or 'version unknown'}"


def _incident(row: Row, line: Line) -> str:
    since = row["since_ms"]
    passed = None if since is None else line.at_ms - since
    how_long = age(passed, at_least=row["since_is"] == "at_least")
    where = row["session_key"] or "the gateway"
    return (
        f"{row['severity'].upper()} {row['id']} {row['name']}  {where}  {how_long}"
        f"  {row['certainty']}: {row['summary']}"
    )


def _lock(row: Row, _line: Line) -> str:
    since = age(row["age_ms"], at_least=row["age_is"] == "at_least")
    run = f"  run {row['run_id']}" if row["run_id"] else ""
    waiting = f"  {row['waiting']} waiting" if row["waiting"] else ""
    return (
        f"{row['verdict']}  {row['session_key']}  {since}  held by {row['holder']}"
        f"  {row['proof']}{waiting}{run}"
    )


def _approval(row: Row, _line: Line) -> str:
    copies = f"×{row['copies']}  " if row["copies"] > 1 else ""
    return f"{row['id']}  {copies}{row['session_key'] or 'no session'}  {row['command']}"


def _event(row: Row, _line: Line) -> str:
    copy = f"copy of #{row['copy_of']}  " if row["copy_of"] is not None else ""
    return f"#{row['position']}  {copy}{row['text']}"


def _recovery(row: Row, _line: Line) -> str:
    released = "?" if row["released"] is None else row["released"]
    where = row["session_key"] or "session not named"
    return (
        f"{row['verdict'].replace('_', ' ')}  {where}  released {released}  {row['reason'] or ''}"
    )


def _lane(row: Row, _line: Line) -> str:
    most = "?" if row["max"] is None else row["max"]
    return f"{row['lane']}  {row['active']} of {most} active, {row['queued']} queued"


TELL: dict[str, Callable[[Row, Line], str]] = {
    "link": _link,
    "incidents": _incident,
    "locks": _lock,
    "approvals": _approval,
    "system_events": _event,
    "recoveries": _recovery,
    "lanes": _lane,
}
