"""Dropping one copy of a queued system event: what exactly would go, and which copy stays.

No call of the gateway's own removes one queued line (2026.5.28 and 2026.9.6); the companion can,
and only while another copy of it is queued for the same session.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from clawtop.errors import RefusedError
from clawtop.picture.records import SystemEvent
from clawtop.picture.store import Store
from clawtop.remedies.inside import SWITCHED_OFF
from clawtop.remedies.outcome import Action
from clawtop.text import count, mask, plain, utc

METHOD = "clawtop.dropEvent"
NAME = "drop-event"
NO_COMPANION = (
    "this gateway has no companion, and nothing else can remove one queued line",
    "Install it: clawtop companion install --allow-release",
)
LOOK = "Look again with clawtop snapshot"
SHOWN = 160  # characters of a line in a confirmation


@dataclass(frozen=True)
class DropPlan:
    """One line to take out of its queue, and the copy of it that stays."""

    gateway: str
    event: SystemEvent
    stays: SystemEvent

    @property
    def session_key(self) -> str:
        return self.event.session_key or ""

    @property
    def token(self) -> str:
        return self.event.token or ""

    @property
    def calls_text(self) -> list[str]:
        return [f"{METHOD} {json.dumps({'key': self.session_key, 'token': self.token})}"]

    @property
    def loses(self) -> list[str]:
        copies = count(self.event.copies, "copy", "copies")
        said = _short(self.event, 80)
        return [f'one of {copies} of "{said}"; the one at position {self.stays.position} stays']

    def command(self) -> str:
        """The equal command line, pinned to this very line."""
        words = ["clawtop", NAME, self.session_key, "--position", str(self.event.position)]
        return " ".join(shlex.quote(word) for word in [*words, "--expect-token", self.token])


def plan_drop(
    store: Store, session_key: str, position: int, expect_token: str | None = None
) -> DropPlan:
    """The plan for the line at ``position`` (0: the oldest) of that session's queue.

    Raises RefusedError where nothing can be dropped, or where that line is no copy.
    """
    _check_companion(store)
    queue = store.queue.of(session_key)
    event = next((one for one in queue if one.position == position), None)
    if event is None:
        held = f"it holds {count(len(queue), 'line')}" if queue else "none is queued for it"
        raise RefusedError(
            f"there is no system event at position {position} of {plain(session_key)}: {held}", LOOK
        )
    if expect_token and event.token != expect_token:
        raise RefusedError(
            f"another line is at position {position} of {plain(session_key)} now", LOOK
        )
    return _plan(store, event, queue)


def plan_drop_event(store: Store, event_id: str) -> DropPlan:
    """The same for a line of the picture by its id. Raises RefusedError."""
    _check_companion(store)
    event = next((one for one in store.queue.events if one.id == event_id), None)
    if event is None:
        raise RefusedError("that line is not queued any more", "")
    return _plan(store, event, store.queue.of(event.session_key))


def _plan(store: Store, event: SystemEvent, queue: list[SystemEvent]) -> DropPlan:
    stays = next((one for one in queue if _same(one, event)), None)
    if stays is None or not event.token or not event.session_key:
        raise RefusedError(
            f"the line at position {event.position} is no copy of another: it would be lost",
            "Only a copy can be dropped; the next turn takes the others",
        )
    return DropPlan(store.facts.name if store.facts else "", event, stays)


def _same(one: SystemEvent, event: SystemEvent) -> bool:
    """Another line of the same queue with the same text or context key."""
    alike = one.text == event.text or (
        one.context_key is not None and one.context_key == event.context_key
    )
    return one is not event and one.id != event.id and alike


def _check_companion(store: Store) -> None:
    """Whether this gateway's companion can drop a line at all. Raises RefusedError."""
    why = refusal(store)
    if why is not None:
        raise RefusedError(*why)


def refusal(store: Store) -> tuple[str, str] | None:
    """Why no line can be dropped on this gateway and what to do about it; None: one could."""
    if store.facts is None or METHOD not in store.facts.methods:
        return NO_COMPANION
    companion = store.companion
    if companion is None:
        return "the companion of this gateway does not answer", "See clawtop doctor"
    if not companion.reads("system_events"):
        why = plain(companion.why["system_events"])
        return f"the companion cannot read the queues of this gateway: {why}", "See clawtop doctor"
    return None if companion.can_release else SWITCHED_OFF


def gone_since(plan: DropPlan, store: Store) -> str | None:
    """Why that very line cannot be dropped any more; None when it can. Its position may differ."""
    queue = store.queue.of(plan.session_key)
    event = next((one for one in queue if one.token == plan.token), None)
    if event is None:
        return "that line is not queued any more"
    if not any(_same(one, event) for one in queue):
        return "it is no copy of another any more"
    return None


def queued(store: Store, session_key: str, token: str | None) -> bool:
    """Whether the line with that token is in that queue."""
    return any(one.token == token for one in store.queue.of(session_key))


def drop_action(
    plan: DropPlan, started_at_ms: int, operator: str, reason_given: str | None
) -> Action:
    """A drop before anything was sent. The text is masked."""
    return Action(
        action=NAME,
        gateway=plan.gateway,
        target={
            "session_key": plan.session_key,
            "ids": [plan.token],
            "kept": [plan.stays.token],
            "position": plan.event.position,
            "text": mask(plan.event.text)[0],
        },
        step=NAME,
        plan=plan.calls_text,
        loses=plan.loses,
        started_at_ms=started_at_ms,
        operator=operator,
        reason_given=reason_given,
        items=[],
    )


def drop_lines(plan: DropPlan) -> list[tuple[str, str]]:
    """What a person reads before answering, as name and value."""
    return [
        ("gateway", plan.gateway),
        ("session", plan.session_key),
        ("drop", _told(plan.event)),
        ("keep", _told(plan.stays)),
        *(("loses", loss) for loss in plan.loses),
        *(("sends", call) for call in plan.calls_text),
    ]


def _told(event: SystemEvent) -> str:
    when = utc(event.queued_at_ms) if event.queued_at_ms is not None else "at a time not known"
    context = f" [{event.context_key}]" if event.context_key else ""
    return f"#{event.position}, queued {when}{context}: {_short(event, SHOWN)}"


def _short(event: SystemEvent, most: int) -> str:
    text = mask(event.text)[0]
    return text if len(text) <= most else text[: most - 1] + "…"
