"""The two lines at the top: which gateway, how fresh, what we may do; and the worst incident."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical

from clawtop.incidents.incident import Incident, Severity
from clawtop.picture.changes import GatewayFacts
from clawtop.picture.companion import companion_word
from clawtop.picture.coverage import is_route, lacking
from clawtop.picture.store import NOT_YET, Store
from clawtop.picture.worst import worst_facts
from clawtop.screen.line import Line
from clawtop.screen.rows import fit_text
from clawtop.screen.standing import WORDS, Standing, since_text
from clawtop.text import age, count, plain

OLD_MS = 10_000
URGENT = "bold red"
NARROW = 66
STYLES = {Severity.CRITICAL: URGENT, Severity.WARNING: "bold", Severity.INFO: ""}


def first_line(
    store: Store,
    target: tuple[str, str],
    doing: str,
    frozen: str,
    banner: str = "",
    width: int = 1_000,
) -> str:
    """Who and how. ``target``: the gateway's name and address, known before any connection.

    ``banner``: where this is a recording, that it is one and of when. On a narrow terminal words
    that warn of nothing give way to those that do.
    """
    name, address = target
    words = [("clawtop", 0), *([] if name == address else [(plain(name), 0)])]
    words.append((address, 1 if name != address else 0))
    facts = store.facts
    if facts is not None:
        words.append((plain(facts.version or "version unknown"), 2))
    words.append((banner or freshness(store), 0))
    words += [(part, 0) for part in (doing, frozen, reminder(store)) if part]
    if facts is not None:
        words.append((plain(may(facts, recorded=bool(banner))), 0))
        words.append(("APPROVAL ROUTE", 0) if is_route(facts) else ("passive", 3))
        words.append((companion_word(store.companion), 4))
    return _fitting(words, width)


def may(facts: GatewayFacts, *, recorded: bool = False) -> str:
    """What we may do: with less than was asked for, what is missing."""
    missing = [scope.removeprefix("operator.") for scope in lacking(facts)]
    if facts.read_only or recorded:
        return "read-only"
    return f"NOT GRANTED {', '.join(missing)}" if missing else "can act"


def reminder(store: Store) -> str:
    """Heartbeats that clawtop paused: said on every frame until somebody lets them run."""
    switch = store.switch
    if switch.since_ms is None:
        return ""
    return f"{switch.word.upper()} {age(store.now_ms - switch.since_ms)}"


def _fitting(words: list[tuple[str, int]], width: int) -> str:
    """As many words as fit; the higher its number, the sooner a word gives way; 0 never does."""
    line = "  ".join(word for word, _ in words)
    for rank in (4, 3, 2, 1):
        if cell_len(line) <= width:
            break
        words = [pair for pair in words if pair[1] != rank]
        line = "  ".join(word for word, _ in words)
    return line


def freshness(store: Store) -> str:
    """``live``, or how old the data is."""
    if store.facts is None:
        return "connecting" if store.link_why == NOT_YET else "not connected"
    old = store.now_ms - (store.fresh_at_ms or store.now_ms)
    if not store.link_up:
        return f"LINK LOST, data {age(old)} old"
    return f"data {age(old)} old" if old >= OLD_MS else "live"


class Second(NamedTuple):
    """The second line: words, how strong, and what stands at its right end."""

    text: str
    style: str = ""
    tail: str = ""


def second_line(store: Store, standing: Standing | None, next_try: str, width: int) -> Second:
    """The worst that needs a person, in words, and how many more incidents there are."""
    if not store.link_up:
        why = "" if store.link_why == NOT_YET else store.link_why
        words = "  ".join(part for part in (next_try, plain(why)) if part)
        return Second(words, URGENT if why else "")
    facts = standing.facts if standing is not None else worst_facts(store)
    worst = standing.worst if standing is not None else None
    if worst is not None and (worst.severity != Severity.INFO or not facts):
        more = standing.heard - 1 if standing is not None else 0
        tail = (f"  +{more} (0)" if width < NARROW else f"   +{more} more (0)") if more else ""
        line = incident_line(worst, store.now_ms, width - len(tail), brief=width < NARROW)
        return Second(line, STYLES[Severity(worst.severity)], tail)
    if facts:
        tail = f"   +{len(facts) - 1} more" if len(facts) > 1 else ""
        return Second(facts[0].text, URGENT if facts[0].urgent else "", tail)
    return Second(_calm(store, standing.muted if standing is not None else 0))


def _calm(store: Store, muted: int) -> str:
    if store.switch.reminds:
        return f"{store.switch.word} by clawtop, for the whole gateway (T resumes them)"
    if "rows" not in store.listed:
        return "asking the gateway"
    if muted:
        hidden = count(muted, "incident")
        return f"nothing else is wrong that this gateway shows; {hidden} muted (0)"
    return "nothing is wrong that this gateway shows"


def incident_line(incident: Incident, now_ms: int, width: int, *, brief: bool = False) -> str:
    """The incident in words; of a long session key both ends stay. ``brief``: leave out how sure
    it is, the session says more."""
    head = f"{WORDS[Severity(incident.severity)]} {plain(incident.name)}"
    tail = since_text(incident, now_ms) + ("" if brief else f"  {incident.certainty}")
    where = plain(incident.session_key or incident.summary)
    room = max(width - cell_len(head) - cell_len(tail) - 4, 8)
    if cell_len(where) > room:
        where = fit_text(where, room, middle=incident.session_key is not None).rstrip()
    return f"{head}  {where}  {tail}"


class Header(Vertical):
    """The two lines."""

    DEFAULT_CSS = "Header { height: 2; }"

    def __init__(self) -> None:
        super().__init__()
        self.first = Line("clawtop", "bold")
        self.second = Line()

    def compose(self) -> ComposeResult:
        yield self.first
        yield self.second

    def say(self, first: str, second: Second) -> None:
        """Show these lines."""
        self.first.say(first, "bold")
        self.second.say(*second)
