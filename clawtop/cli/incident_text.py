"""Incidents as text: worst first, the evidence and the first way out in short lines."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable

from clawtop.incidents.incident import Incident, Remedy
from clawtop.incidents.ways import remedies
from clawtop.picture.store import Store
from clawtop.text import age, plain

MOST = 20  # incidents told in full; the JSON document has them all
EVIDENCE = 4
WIDTH = 100
INDENT = "      "


def incident_block(incidents: list[Incident], store: Store) -> list[str]:
    """The block on top of the picture."""
    if not incidents:
        return ["INCIDENTS  none that this gateway shows"]
    sizes = Counter(one.severity for one in incidents)
    told = ", ".join(
        f"{sizes[word]} {word}" for word in ("critical", "warning", "info") if sizes[word]
    )
    lines = [f"INCIDENTS  {told}"]
    for one in incidents[:MOST]:
        lines += _incident(one, store)
    if len(incidents) > MOST:
        lines.append(f"  and {len(incidents) - MOST} more, see --json")
    return lines


def headline(one: Incident, now_ms: int) -> str:
    """What, for how long, how sure, where: one line without its severity."""
    where = plain(one.session_key) if one.session_key else "the gateway"
    return f"{plain(one.name)}  {how_long(one, now_ms)}  {one.certainty}  {where}"


def how_long(one: Incident, now_ms: int) -> str:
    """Its age, with ``≥`` where that is only the least it can be."""
    since = None if one.since_ms is None else now_ms - one.since_ms
    return age(since, at_least=one.since_is == "at_least")


def first_way(one: Incident, store: Store) -> Remedy | None:
    """The first way out that can be used now, else the first there is."""
    found = remedies(one, store)
    return next((way for way in found if way.available), found[0] if found else None)


def _incident(one: Incident, store: Store) -> Iterable[str]:
    yield f"  {one.severity.upper():<8}  {one.id}  {headline(one, store.now_ms)}"
    yield from wrapped(one.summary)
    for line in one.evidence[:EVIDENCE]:
        yield from wrapped(f"- {line}")
    if len(one.evidence) > EVIDENCE:
        yield f"{INDENT}- and {len(one.evidence) - EVIDENCE} more"
    way = first_way(one, store)
    if way is not None:
        yield from _way(way)


def _way(way: Remedy) -> Iterable[str]:
    lost = f"; loses {', '.join(way.loses)}" if way.loses else ""
    why_not = f" (not now: {way.why_not})" if way.why_not else ""
    yield from wrapped(f"way out: {way.label}{lost}{why_not}")
    if way.command and way.available:
        yield f"{INDENT}$ {plain(way.command)}"


def wrapped(text: str) -> list[str]:
    """Short lines; a word, and so a key or an id, is never cut."""
    return textwrap.wrap(
        plain(text),
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=INDENT + ("  " if text.startswith("- ") else ""),
        break_long_words=False,
        break_on_hyphens=False,
    )
