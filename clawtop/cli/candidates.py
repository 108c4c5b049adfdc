"""What a value on the command line can be, by the metavar of its option.

What only a gateway knows is asked with reading scopes, once, and within a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from clawtop.cli.setup import own_config_path, watcher_of
from clawtop.errors import ClawtopError
from clawtop.text import mask, plain

if TYPE_CHECKING:
    from clawtop.gateway.watch import Watcher

PATIENCE = "1s"
LONGEST = 60  # characters of a description

Found = dict[str, str]  # a value, and in a few words what it is


def of_metavar(metavar: str, args: argparse.Namespace) -> Found:
    """The values that a metavar like ``oldest|newest|TASK_ID`` stands for.

    ``args``: what the line says so far of the gateway. Raises ClawtopError where it cannot be
    asked.
    """
    found: Found = {}
    for part in metavar.split("|"):
        if part.islower():
            found[part] = ""
        elif part in FIXED:
            found |= FIXED[part]()
        elif part in LIVE:
            found |= _live(part, args)
    return {value: _short(what) for value, what in found.items() if _fits(value)}


def _fits(value: str) -> bool:
    """Whether it reaches the program as it is. fish leaves ``~`` bare; ``-`` is an option's."""
    return value.isascii() and value == plain(value) and value[:1] not in ("", "-", "~")


def _short(text: str) -> str:
    text = plain(mask(text)[0])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


# -- what is always the same


def _steps() -> Found:
    from clawtop.remedies.steps import LABELS

    return {str(step): label for step, label in LABELS.items()}


def _scenarios() -> Found:
    from clawtop.demo.scenarios import ALL

    return {one.name: one.what for one in ALL}


def _parts() -> Found:
    from clawtop.cli.verdict import REQUIRABLE

    return dict.fromkeys(REQUIRABLE, "")


def _kinds() -> Found:
    from clawtop.incidents.registry import ALL

    return {kind.id: kind.name for kind in reversed(ALL)}


def _metrics() -> Found:
    from clawtop.cli.metric_names import METRICS

    return {f"{name}=": what for name, what in METRICS.items()}


def _entries() -> Found:
    from clawtop.gateway.config import read_own_config

    own = read_own_config(own_config_path(os.environ))
    return {name: entry.url for name, entry in own.gateways.items()}


FIXED: dict[str, Callable[[], Found]] = {
    "STEP": _steps,
    "SCENARIO": _scenarios,
    "PART,…": _parts,
    "I-NN[:SESSION]": _kinds,
    "METRIC=N": _metrics,
    "ENTRY": _entries,
}

# -- what a gateway knows


def _live(kind: str, args: argparse.Namespace) -> Found:
    questions, tell = LIVE[kind]
    args.timeout = PATIENCE
    if kind == "SESSION_KEY":
        args.approvals = "off"  # then one connection is enough
    watcher = watcher_of(args)
    asyncio.run(_ask(watcher, questions))
    return tell(watcher)


async def _ask(watcher: Watcher, questions: frozenset[str]) -> None:
    """Put these questions once, all of them where none is named; what is answered in time counts.

    Without approvals on the command line, none are looked up where that makes us a route.
    """
    from clawtop.gateway.look import until
    from clawtop.gateway.poll import Budget

    def answered() -> bool:
        slots = watcher.budget.slots.values()
        return all(slot.asked and not slot.in_flight for slot in slots)

    with contextlib.suppress(TimeoutError, ClawtopError):
        async with asyncio.timeout(1.0):
            await watcher.connect()
            slots = watcher.budget.slots
            wanted = {name: slots[name] for name in slots if not questions or name in questions}
            wanted.pop("probe", None)  # it wants a suspect
            watcher.budget = Budget(wanted)
            watcher.ask_due()
            await until(watcher, answered, 1.0)
    await watcher.close()


def _sessions(watcher: Watcher) -> Found:
    """Those that are held come first, with their state."""
    from clawtop.picture.worst import lock_order

    held = watcher.store.held
    locks = sorted(held.locks.values(), key=lock_order)
    found = {lock.session_key: f"held, {lock.verdict}" for lock in locks}
    return found | {key: "" for key in sorted(held.sessions) if key not in found}


def _approvals(watcher: Watcher) -> Found:
    return {one.id: one.command for one in watcher.store.backlog.all()}


def _tasks(watcher: Watcher) -> Found:
    return {one.task_id: one.title for one in watcher.store.tasks.all()}


def _incidents(watcher: Watcher) -> Found:
    """The open ones, as ``report`` would find them: with what ``check`` saw before."""
    from clawtop.cli.check_memory import load, memory_path
    from clawtop.incidents.engine import Engine
    from clawtop.picture.memory import recall

    engine, store = Engine(watcher.store), watcher.store
    recall(store, load(memory_path(os.environ, watcher.target.url)))
    store.refresh(store.now_ms)
    engine.refresh()
    return {one.key: f"{one.severity}: {one.name}" for one in engine.incidents()}


LIVE: dict[str, tuple[frozenset[str], Callable[[Watcher], Found]]] = {
    "SESSION_KEY": (frozenset({"rows"}), _sessions),
    "APPROVAL_ID": (
        frozenset({"approvals.exec", "approvals.plugin", "approvals.agent"}),
        _approvals,
    ),
    "TASK_ID": (frozenset({"tasks"}), _tasks),
    "INCIDENT_KEY": (frozenset(), _incidents),
}
