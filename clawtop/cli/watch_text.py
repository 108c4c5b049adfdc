"""A change as one line to be read aloud: the time, what it is about, then what is new of it.

Ids and keys are never cut. A change that has no words of its own is no line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clawtop.cli.differ import TICKING, Line
from clawtop.cli.spoken import how_long, sentence, word
from clawtop.text import count

Row = dict[str, Any]
NOUN = {
    "incidents": "incident",
    "locks": "lock",
    "approvals": "approval",
    "system_events": "system event",
    "recoveries": "recovery attempt",
    "lanes": "lane",
}
SPOKEN = ("severity", "certainty", "summary")  # of an incident; its evidence is in the snapshot


def line_text(line: Line) -> list[str]:
    """The lines of one change; none where nothing changed that is said."""
    row = line.row or {}
    if line.panel == "link":
        return [sentence(line.at_ms, *_link(row, line.change))]
    if line.panel == "incidents":
        same = line.before is not None and all(line.before[name] == row[name] for name in SPOKEN)
        return [] if same else incident_lines(line.at_ms, line.was or line.change, row)
    name, facts = SAY[line.panel](row)
    if line.change == "changed" and line.before is not None:
        facts = _news(line.panel, line.before, row)
        if not facts:
            return []
    elif line.change == "gone":
        facts = [f"was {fact}" for fact in facts[:1]]
    return [sentence(line.at_ms, f"{line.change} {NOUN[line.panel]} {name}", *facts)]


def _news(panel: str, before: Row, row: Row) -> list[str]:
    """What is said of the row now and was not before; an age that grew is no news."""
    same_age = {name: row[name] for name in TICKING.get(panel, ()) if name in row}
    _, known = SAY[panel]({**before, **same_age})
    return [fact for fact in SAY[panel](row)[1] if fact not in known]


def _link(row: Row, change: str) -> tuple[str, str]:
    if change == "gap":
        frames = count(row["missed_frames"], "frame")
        return "gap", f"{frames} missed, what happened in between is not known"
    if not row["up"]:
        return "link lost", row["why"] or "the link ended"
    gateway = row["gateway"] or {}
    version = gateway.get("version") or "unknown"
    return "link up", f"gateway {gateway.get('name')}, version {version}"


def incident_lines(at_ms: int, change: str, row: Row) -> list[str]:
    """What it is, and a line for the way out while it is open. ``row``: its JSON object."""
    since = row["since_ms"]
    passed = how_long(
        None if since is None else at_ms - since, at_least=row["since_is"] == "at_least"
    )
    subject = f"{change} incident {row['id']} {row['name']}"
    where = row["session_key"] or "the gateway"
    lines = [
        sentence(
            at_ms,
            subject,
            row["severity"],
            where,
            f"for {passed}",
            row["certainty"],
            row["summary"],
        )
    ]
    if change in ("new", "worse", "open"):
        ways = [one for one in row["remedies"] if one["available"]]
        lines += [sentence(at_ms, "way out", one["command"] or one["label"]) for one in ways[:1]]
    return lines


Said = tuple[str, list[str]]  # what a row is about, and what is said of it, the state first


def _lock(row: Row) -> Said:
    held = how_long(row["age_ms"], at_least=row["age_is"] == "at_least")
    waiting = count(row["waiting"], "message") + " waiting" if row["waiting"] else ""
    run = f"run {row['run_id']}" if row["run_id"] else ""
    holder = f"holder {row['holder']}"
    return row["session_key"], [
        word(row["verdict"]),
        f"held for {held}",
        holder,
        row["proof"],
        waiting,
        run,
    ]


def _approval(row: Row) -> Said:
    copies = f"pending {row['copies']} times" if row["copies"] > 1 else ""
    where = f"session {row['session_key']}" if row["session_key"] else "no session"
    return row["id"], [f"asked by {where}", copies, f"command {row['command']}"]


def _event(row: Row) -> Said:
    copy = f"copy of number {row['copy_of']}" if row["copy_of"] is not None else ""
    where = row["session_key"] or "the main session"
    return f"for {where}", [row["text"], f"number {row['position']} in its queue", copy]


def _recovery(row: Row) -> Said:
    released = "" if row["released"] is None else f"released {row['released']}"
    where = row["session_key"] or "of a session that is not named"
    return where, [word(row["verdict"]), released, row["reason"] or ""]


def _lane(row: Row) -> Said:
    most = row["max"]
    full = most and row["active"] >= most
    active = f"{row['active']} active" + (f" of at most {most}" if most else "")
    return row["lane"], ["full" if full else "not full", f"{row['queued']} queued", active]


SAY: dict[str, Callable[[Row], Said]] = {
    "locks": _lock,
    "approvals": _approval,
    "system_events": _event,
    "recoveries": _recovery,
    "lanes": _lane,
}
