"""The sentences of ``clawtop companion``: what changes, what that interrupts, what came of it."""

from __future__ import annotations

import textwrap
from pathlib import Path

from clawtop.cli.companion_look import Look, Now
from clawtop.gateway import plugin_install as plugin
from clawtop.gateway.openclaw import About, Openclaw
from clawtop.gateway.plugin_install import Settings
from clawtop.picture.records import Verdict
from clawtop.picture.store import Store
from clawtop.text import age, count, plain

MOST_SESSIONS = 5
INDENT = " " * 10
WIDTH = 100

# What a running gateway does when its config changes (gateway.reload.mode). Measured on
# 2026.5.28: by default it loads plugins at once when it had none of its own, but restarts by
# itself when plugins.load is in its config already; 2026.9.6 loads them at once; 2026.4.29
# restarts by itself; 2026.8.2 does neither at an install, and has to be restarted.
_RELOADS = {
    "off": "the running gateway does not look at its config again (gateway.reload.mode off):"
    " it must be restarted",
    "hot": "the running gateway takes it up at once, or must be restarted"
    " (gateway.reload.mode hot)",
    "restart": "the running gateway RESTARTS BY ITSELF for it (gateway.reload.mode restart),"
    " as soon as running work has ended or its patience has",
    "hybrid": "the running gateway takes it up at once, or RESTARTS BY ITSELF for it as soon as"
    " running work has ended or its patience has (gateway.reload.mode hybrid);"
    " if it does neither, it must be restarted",
}


def by_hand(command: Openclaw, folder: Path, allow_release: bool) -> list[str]:
    """The commands for somebody else's shell, for every version."""
    plainly = command.shown(*plugin.install_words(folder, asks=False))
    asked = command.shown(*plugin.install_words(folder, asks=True))
    lines = [
        f"  {plainly}",
        f"  {asked}",
        "  the second where openclaw plugins install --help lists --accept-capabilities; the"
        " folder is that of the clawtop there: clawtop companion path",
    ]
    return [*lines, f"  {command.shown(*plugin.TURN_ON)}"] if allow_release else lines


def plan_lines(verb: str, about: About, settings: Settings, live: Look) -> list[str]:
    """What is about to change, where, and what that may interrupt."""
    name = live.store.facts.name if live.store and live.store.facts else "not reached"
    lines = [
        f"{verb:<9} the companion {plugin.own_version() or ''}".rstrip(),
        f"gateway   {plain(name)}{f', {plain(live_version(live))}' if live_version(live) else ''}",
        f"config    {plain(str(settings.config))}{'' if settings.exists else ' (not there yet)'}",
        f"by        the gateway's own command line, OpenClaw {about.version or '(which?)'}",
    ]
    if settings.exists and settings.commented:
        lines.append(f"{INDENT}it writes the file as plain JSON: its comments go")
    lines += _wrapped("restart", _RELOADS.get(settings.reload, _RELOADS["hybrid"]))
    return lines + [f"{INDENT}{line}" for line in interrupts(live)]


def _wrapped(head: str, text: str) -> list[str]:
    """A line of the plan, folded under its head."""
    return textwrap.wrap(f"{head:<9} {text}", WIDTH, subsequent_indent=INDENT)


def live_version(live: Look) -> str:
    """The version of the running gateway, or ""."""
    facts = live.store.facts if live.store else None
    return (facts.version if facts else None) or ""


def interrupts(live: Look) -> list[str]:
    """What a restart would interrupt now, as far as is known."""
    if live.store is None:
        why = live.error.message if live.error else "it was not reached"
        return [f"what a restart would interrupt is not known: {plain(why)}"]
    found = _interrupts(live.store)
    if "preflight" not in live.store.listed and "companion" not in live.store.listed:
        found.append("this gateway does not count its locks, so there may be more")
    return (
        ["a restart now would interrupt:", *(f"  {line}" for line in found)]
        if found
        else ["a restart now would interrupt nothing that is seen"]
    )


def _interrupts(store: Store) -> list[str]:
    locks = [lock for lock in store.held.locks.values() if lock.verdict != Verdict.GHOST]
    lines = []
    for lock in locks[:MOST_SESSIONS]:
        since = None if lock.since_ms is None else store.now_ms - lock.since_ms
        held = age(since, at_least=lock.age_is == "at_least")
        lines.append(f"{plain(lock.session_key)}, held by {lock.holder} for {held}")
    if len(locks) > MOST_SESSIONS:
        lines.append(f"and {count(len(locks) - MOST_SESSIONS, 'more held session')}")
    unnamed = store.held.anonymous.number()
    if unnamed:
        lines.append(f"{count(unnamed, 'lock')} that nobody can name from outside")
    if store.pending_replies:
        lines.append(count(store.pending_replies, "pending reply", "pending replies"))
    events = len(store.queue.events)
    if events:
        lines.append(f"{count(events, 'queued system event')}: kept in memory only, so lost")
    return lines


def install_notes(command: Openclaw, folder: Path, allow_release: bool) -> list[str]:
    """What to know before saying yes."""
    lines = [
        "trust     the plugin runs with the gateway's own rights; it looks, and writes nothing",
        f"keep      {plain(str(folder))}",
        *_wrapped(
            "",
            "must stay there while it is linked: uninstall first, then move or remove clawtop"
            " (2026.5.28 does not start when a linked folder is gone)",
        ),
    ]
    if allow_release:
        lines.append("release   is switched on: clawtop may then end single locks through it")
    else:
        lines.append(f"release   stays off; later: {command.shown(*plugin.TURN_ON)}")
    return [*lines, "undo      clawtop companion uninstall"]


def loaded_lines(live: Look) -> list[str]:
    """Whether the running gateway has it."""
    if live.store is None:
        return ["whether the gateway has it loaded is not known: it was not reached"]
    if live.loaded:
        return ["the running gateway has it loaded"]
    return ["the running gateway has not loaded it; a restart is the remedy if it should"]


def taken_up_lines(
    command: Openclaw, live: Look, now: Now | None, *, reached: bool, done: bool, wanted: bool
) -> list[str]:
    """What the running gateway made of the change, and what is left to do.

    ``reached``: whether it was reached before the change; ``live``: the newest look at it.
    """
    if not reached:
        return [
            "the gateway was not reached, so nobody knows whether it took that up;"
            " its next start does"
        ]
    if done:
        has = "has loaded it" if wanted else "has let it go"
        # 2026.8.2 restarts by itself seconds later, 2026.4.29 at once, 2026.5.28 at times
        return [f"the gateway {has}: you need not restart it, though it may restart by itself"]
    if now is None:
        state = "the gateway does not answer now: it may be restarting"
    elif now.loaded is wanted:
        state = "the running gateway has loaded it, but does not let it release yet"
    else:
        state = f"the running gateway has not {'loaded it' if wanted else 'let it go'} yet"
    return [
        state,
        "look in a minute with clawtop companion status; if it has not done so by itself,"
        f" restart it: {command.shown(*RESTART)}",
        *interrupts(live),
    ]


RESTART = ("gateway", "restart")
