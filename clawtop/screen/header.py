"""The two lines at the top: which gateway, how fresh, what we may do; and the worst fact."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from clawtop.picture.coverage import is_route
from clawtop.picture.store import NOT_YET, Store
from clawtop.picture.worst import Fact, worst_facts
from clawtop.screen.line import Line
from clawtop.text import age, count, plain

OLD_MS = 10_000


def first_line(store: Store, target: tuple[str, str], doing: str, frozen: str) -> str:
    """Who and how. ``target``: the gateway's name and address, known before any connection."""
    name, address = target
    words = ["clawtop", *([] if name == address else [plain(name)]), address]
    facts = store.facts
    if facts is not None:
        words.append(plain(facts.version or "version unknown"))
    words.append(freshness(store))
    words += [part for part in (doing, frozen) if part]
    if facts is not None:
        words.append("read-only" if facts.read_only else "can act")
        words.append("APPROVAL ROUTE" if is_route(facts) else "passive")
        words.append("no companion")
    return "  ".join(words)


def freshness(store: Store) -> str:
    """``live``, or how old the data is."""
    if store.facts is None:
        return "connecting" if store.link_why == NOT_YET else "not connected"
    old = store.now_ms - (store.fresh_at_ms or store.now_ms)
    if not store.link_up:
        return f"LINK LOST, data {age(old)} old"
    return f"data {age(old)} old" if old >= OLD_MS else "live"


def second_line(store: Store, next_try: str) -> Fact:
    """The worst fact in words and how many more there are."""
    if not store.link_up:
        why = "" if store.link_why == NOT_YET else store.link_why
        return Fact("  ".join(part for part in (plain(why), next_try) if part), urgent=bool(why))
    facts = worst_facts(store)
    if facts:
        more = f"   +{len(facts) - 1} more" if len(facts) > 1 else ""
        return Fact(facts[0].text + more, facts[0].urgent)
    missing = [name for name, part in store.coverage().items() if part.level == "none"]
    unseen = len([name for name in missing if name in ("locks", "approvals", "system_events")])
    if "rows" not in store.listed:
        return Fact("asking the gateway")
    hidden = f" ({count(unseen, 'panel')} cannot be seen)" if unseen else ""
    return Fact(f"nothing is stuck that this gateway shows{hidden}")


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

    def say(self, first: str, second: Fact) -> None:
        """Show these lines."""
        self.first.say(first, "bold")
        self.second.say(second.text, "bold red" if second.urgent else "")
