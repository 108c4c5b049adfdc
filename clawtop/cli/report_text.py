"""A ticket in Markdown: what is stuck, what was ruled out, who waited, what was done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from clawtop import __version__
from clawtop.cli.incident_text import how_long
from clawtop.cli.log_lines import Entry, about, known_names
from clawtop.cli.markdown import block, code, section, words
from clawtop.gateway.actionlog import action_text
from clawtop.incidents.incident import Incident, Remedy
from clawtop.incidents.ways import remedies
from clawtop.picture.records import Waiting
from clawtop.picture.store import Store
from clawtop.text import age, iso, mask, plain

LINES = 200  # log lines of one incident; the newest tell most
TIMELINE = 60


class Material(Struct):
    """Everything a report is made of. ``since_ms``: how far back it goes, gateway ms."""

    store: Store
    incidents: list[Incident]
    actions: list[dict[str, Any]]
    log: list[Entry]
    since_ms: int
    log_why: str | None = None
    no_actions: str | None = None  # why it is not known what was done


def report_lines(told: Material) -> list[str]:
    """The whole report."""
    lines = _header(told)
    for one in told.incidents:
        lines += ["", *_incident(told, one)]
    if not told.incidents:
        lines += ["", "No incident is named: nothing that this gateway shows fits one."]
    if told.actions:
        lines += ["", "## What was done from this host", ""]
        lines += [f"- {_action(line)}" for line in told.actions]
    if told.no_actions:
        lines += ["", f"What was done from this host is not known: {words(told.no_actions)}"]
    return lines


def _header(told: Material) -> list[str]:
    store, facts = told.store, told.store.facts
    assert facts is not None  # a report is made after a look
    lines = [
        f"# {words(facts.name)}: {_count(told.incidents)} at {iso(store.now_ms)}",
        "",
        f"- Gateway: {words(facts.name)} at {code(facts.url)},"
        f" version {words(facts.version or 'unknown')}, up {age(facts.uptime_ms)}",
        f"- Taken at {iso(store.now_ms)} on the gateway's clock, by clawtop {__version__};"
        f" it goes back to {iso(told.since_ms)}",
    ]
    if store.draining:
        lines.append("- The gateway is draining for a stop or restart")
    for name, part in store.coverage().items():
        if part.level == "none":
            lines.append(f"- Not visible: {name.replace('_', ' ')} ({words(part.why or '')})")
    if told.log_why:
        lines.append(f"- Log lines: {words(told.log_why)}")
    return lines


def _count(incidents: list[Incident]) -> str:
    return "1 incident" if len(incidents) == 1 else f"{len(incidents)} incidents"


def _incident(told: Material, one: Incident) -> Iterable[str]:
    store = told.store
    where = f" in {code(one.session_key)}" if one.session_key else ""
    yield f"## {one.severity.upper()} {one.id} {words(one.name)}{where}"
    yield ""
    yield f"{words(one.summary)}"
    yield ""
    yield f"- For {how_long(one, store.now_ms)}, {one.certainty}"
    if one.run_id:
        yield f"- Run {code(one.run_id)}"
    yield f"- Key {code(one.key)}"
    if one.references:
        yield f"- See {', '.join(f'openclaw/openclaw{name}' for name in one.references)}"
    yield from section("Timeline (UTC)", _timeline(told, one))
    yield from section("Evidence", [words(line) for line in one.evidence])
    yield from section("Ruled out", [words(line) for line in one.ruled_out])
    yield from section("Who waited", _waited(store, one.session_key))
    yield from section("Ways out", [_way(way) for way in remedies(one, store)])
    yield from _log(told, one)


def _timeline(told: Material, one: Incident) -> list[str]:
    """What happened to its session, oldest first; the newest where it is too much."""
    events = sorted({event for event in _events(told, one) if event[0] >= told.since_ms})
    if one.since_ms is not None:
        least = "at the latest" if one.since_is == "at_least" else ""
        events.insert(0, (one.since_ms, f"it began {least}".strip()))
        events.sort(key=lambda event: event[0])
    return [f"{iso(at_ms)} {text}" for at_ms, text in events[-TIMELINE:]]


def _events(told: Material, one: Incident) -> Iterable[tuple[int, str]]:
    key, store = one.session_key, told.store
    if key is None:
        return
    for note in store.logbook.of_session(key):
        yield note.at_ms, f"the gateway logged: {words(note.text[:200])}"
    for attempt in store.recoveries():
        if attempt.session_key == key and attempt.requested_at_ms:
            yield attempt.requested_at_ms, "the gateway began a recovery attempt"
        if attempt.session_key == key and attempt.completed_at_ms:
            yield attempt.completed_at_ms, f"it ended: {attempt.verdict.replace('_', ' ')}"
    for approval_id in store.backlog.of_session(key):
        approval = store.backlog.get(approval_id)
        if approval is not None and approval.created_at_ms:
            yield approval.created_at_ms, f"it asked for {code(approval.wanted[:200])}"
    for item in _waiting(store, key):
        if item.received_at_ms:
            yield item.received_at_ms, "a message came that still waits"
    for line in told.actions:
        if _is_about(line, key):
            yield line["gateway_at_ms"], f"clawtop: {_title(line)}"


def _waiting(store: Store, key: str | None) -> list[Waiting]:
    return [item for item in store.held.waiting() if item.session_key == key]


def _waited(store: Store, key: str | None) -> list[str]:
    lines = []
    for item in _waiting(store, key) if key else ():
        when = iso(item.received_at_ms) if item.received_at_ms else "at an unknown time"
        lines.append(f"{when} from {words(item.sender or 'unknown')}: {words(item.preview)}")
    return lines


def _way(way: Remedy) -> str:
    parts = [words(way.label)]
    if way.loses:
        parts.append(f"loses {words(', '.join(way.loses))}")
    if way.calls:
        parts.append(f"sends {', '.join(code(call) for call in way.calls)}")
    if way.why_not:
        parts.append(f"**not now**: {words(way.why_not)}")
    elif way.command:
        parts.append(code(way.command))
    return "; ".join(parts)


def _is_about(line: dict[str, Any], key: str) -> bool:
    target = line.get("target")
    same = isinstance(target, dict) and target.get("session_key") == key
    return same and isinstance(line.get("gateway_at_ms"), int)


def _title(line: dict[str, Any]) -> str:
    action, step = str(line.get("action", "?")), str(line.get("step", ""))
    title = action if step in ("", action) else f"{action} {step}"
    return words(f"{title}: {line.get('outcome', 'unknown')}")


def _action(line: dict[str, Any]) -> str:
    return "; ".join(words(text.strip()) for text in action_text(line))


def _log(told: Material, one: Incident) -> list[str]:
    if one.session_key is None or not told.log:
        return []
    names = known_names(told.store.held.sessions.get(one.session_key))
    lines = about(told.log, one.session_key, names)
    recent = [line for line in lines if line.at_ms is None or line.at_ms >= told.since_ms][-LINES:]
    if not recent:
        return []
    return ["", "### Log lines", "", *block([_shown(line) for line in recent])]


def _shown(line: Entry) -> str:
    return plain(mask(line.text)[0])
