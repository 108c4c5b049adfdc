"""What is said before the changes: the picture as it is now, the worst first, a fact a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from clawtop.cli.spoken import how_long, sentence, word
from clawtop.cli.verdict import unseen
from clawtop.cli.watch_text import incident_lines
from clawtop.incidents.incident import Incident
from clawtop.incidents.ways import incident_document
from clawtop.picture.coverage import is_route
from clawtop.picture.store import Store
from clawtop.picture.worst import NEED
from clawtop.text import count

REMIND_MS = 1_800_000  # a pause of our own is said again after half an hour
NAME = {"system_events": "system events", "recoveries": "recovery attempts"}


def summary(store: Store, incidents: list[Incident], paused: list[str]) -> list[str]:
    """``incidents``: worst first; ``paused``: the reminder. Its last line says that it ends."""
    now_ms = store.now_ms
    lines = [sentence(now_ms, *_gateway(store))]
    sizes = count(len(incidents), "incident") if incidents else "no incident"
    lines.append(sentence(now_ms, f"{sizes} open"))
    for one in incidents:
        lines += incident_lines(now_ms, "open", incident_document(one, store))
    lines += [sentence(now_ms, subject, *facts) for subject, *facts in _parts(store)]
    return [*lines, *paused, sentence(now_ms, "from here on changes, as they happen")]


def _gateway(store: Store) -> tuple[str, ...]:
    facts = store.facts
    if facts is None or not store.link_up:
        return ("link lost", store.link_why or "not connected")
    return (
        f"connected to gateway {facts.name}",
        f"version {facts.version or 'unknown'}",
        "clawtop is an approval route here" if is_route(facts) else "",
        "it is draining" if store.draining else "",
        "its event loop is degraded" if store.event_loop_degraded else "",
    )


def _parts(store: Store) -> Iterable[tuple[str, ...]]:
    """Each part of the picture in one line; one that cannot be seen says why."""
    hidden = dict(unseen(store, list(TELL)))
    for part, tell in TELL.items():
        if part in hidden:
            yield f"{NAME.get(part, part)} cannot be seen", hidden[part]
        else:
            yield tell(store)


def _locks(store: Store) -> tuple[str, ...]:
    sizes = store.held.verdicts
    states = [f"{sizes[verdict]} {word(verdict)}" for verdict in NEED if sizes[verdict]]
    unnamed = store.held.anonymous.number()
    more = f"{count(unnamed, 'more lock')} that no session can be named for" if unnamed else ""
    return (count(len(store.held.locks), "lock") if states else "no locks", *states, more)


def _approvals(store: Store) -> tuple[str, ...]:
    most = max((size for size, _ in store.backlog.sizes()), default=0)
    often = f"the same one {most} times" if most > 1 else ""
    return (f"{count(len(store.backlog), 'approval')} pending", often)


def _events(store: Store) -> tuple[str, ...]:
    part = "" if store.queue.exact else "of main sessions only"
    return (f"{count(store.queue.total, 'system event')} queued", part)


def _recoveries(store: Store) -> tuple[str, ...]:
    found = [one.verdict for one in store.recoveries()]
    states = [f"{found.count(one)} {word(one)}" for one in dict.fromkeys(found)]
    return (count(len(found), "recovery attempt"), *states)


TELL: dict[str, Callable[[Store], tuple[str, ...]]] = {
    "locks": _locks,
    "approvals": _approvals,
    "system_events": _events,
    "recoveries": _recoveries,
}


class Reminder:
    """Says that heartbeats are paused by clawtop: at once, when that changes, and now and then."""

    def __init__(self) -> None:
        self._told: tuple[str, str] = ("", "")
        self._at_ms = 0

    def lines(self, store: Store) -> list[str]:
        """What is to be said about it now."""
        switch, now_ms = store.switch, store.now_ms
        told = (switch.word, store.heartbeats.ours.problem or "")
        if told == self._told and not (switch.reminds and now_ms - self._at_ms >= REMIND_MS):
            return []
        over = self._told[0] and not switch.reminds
        self._told, self._at_ms = told, now_ms
        if over:
            return [sentence(now_ms, "no pause of heartbeats any more", switch.why)]
        return pause_lines(store)


def pause_lines(store: Store) -> list[str]:
    """The reminder, and the way out; empty where there is nothing to remind of."""
    switch, now_ms = store.switch, store.now_ms
    if not switch.reminds or switch.since_ms is None:
        problem = store.heartbeats.ours.problem
        text = "whether clawtop paused heartbeats is lost"
        return [sentence(now_ms, text, switch.why)] if problem else []
    since = how_long(now_ms - switch.since_ms)
    by = f"by {switch.operator}" if switch.operator else ""
    doubt = switch.why if switch.possible else ""
    return [
        sentence(now_ms, f"{switch.word} by clawtop", f"for {since}", by, doubt),
        sentence(now_ms, "way out", "clawtop heartbeats resume"),
    ]
