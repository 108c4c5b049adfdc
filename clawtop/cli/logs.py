"""``clawtop logs``: the gateway's log lines, all or about one session.

A gateway gives the last megabyte of its log. When it does not answer, and it is on this host,
its log file is read instead, and that is said.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from clawtop.cli.common import seconds
from clawtop.cli.log_lines import Entry, about, entries, known_names, since
from clawtop.cli.setup import watcher_of
from clawtop.errors import CallError, ClawtopError, ConnectError, FindError, SignInError
from clawtop.gateway import frames
from clawtop.gateway.logfile import local_log, read_tail
from clawtop.gateway.look import PATIENCE_S, until, watching
from clawtop.gateway.watch import Watcher
from clawtop.text import duration_ms, shown, utc

LARGEST = {"limit": 5_000, "maxBytes": 1_000_000}  # the most that one answer may hold


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError, CallError."""
    since_ms = duration_ms(args.since) if args.since else None
    seconds(args.since or "0")
    watcher = watcher_of(args)
    try:
        found = asyncio.run(fetch(watcher, args.session_key))
    except (ConnectError, CallError) as error:
        if isinstance(error, SignInError):
            raise
        found = _from_file(args, watcher, error)
    if since_ms is not None:
        begin = watcher.clock.now_ms() - since_ms
        _say_what_is_missing(found, begin)
        found = since(found, begin)
    names = known_names(watcher.store.held.sessions.get(args.session_key or ""))
    if args.session_key:
        found = about(found, args.session_key, names)
    for line in found:
        print(line.text)
    if args.session_key and not found:
        print(f"clawtop: {_nothing_about(args.session_key, args.since)}", file=sys.stderr)
    return 0


def _nothing_about(session_key: str, since_text: str | None) -> str:
    lately = f" in the last {since_text}" if since_text else ""
    return f"no line of the log that can still be read is about {shown(session_key)}{lately}."


async def fetch(watcher: Watcher, session_key: str | None) -> list[Entry]:
    """The newest lines that the gateway gives, oldest first. Raises ConnectError, CallError."""
    async with watching(watcher):
        if session_key is not None:
            watcher.named = frozenset({session_key})
            await until(watcher, lambda: _knows(watcher, session_key), PATIENCE_S)
        return await tail(watcher)


def _knows(watcher: Watcher, session_key: str) -> bool:
    """Whether more time would tell no more names of this session; the others do not matter."""
    store = watcher.store
    if watcher.link is None or not watcher.link.is_open:
        return True
    if "rows" not in store.listed:
        return False
    facts = store.held.sessions.get(session_key)
    held = session_key in store.held.locks
    return facts is None or not held or facts.probed_ms is not None


async def tail(watcher: Watcher) -> list[Entry]:
    """One answer to ``logs.tail``, as large as it may be. Raises ConnectError, CallError."""
    facts, link = watcher.store.facts, watcher.link
    if link is None or facts is None:
        raise ConnectError(f"the link to {watcher.target.address} ended", "Try again")
    if "logs.tail" not in facts.methods:
        raise CallError("this gateway does not give its log lines", "Read the log on its host")
    body: Any = frames.plain_value(await link.call("logs.tail", dict(LARGEST)))
    lines = body.get("lines") if isinstance(body, dict) else None
    return entries(line for line in lines or () if isinstance(line, str))


def _from_file(args: argparse.Namespace, watcher: Watcher, error: ClawtopError) -> list[Entry]:
    """The log file of this host, said on stderr; the error itself when there is none."""
    env, now = os.environ, datetime.now().astimezone()
    place = local_log(watcher.target, env, Path.home(), args.profile, now)
    if place is None:
        raise error
    path, shared = place
    try:
        lines = read_tail(path)
    except FindError as problem:
        if not path.exists():
            raise error from None
        raise problem from None
    warning = "; every gateway of this host may write to it" if shared else ""
    print(f"clawtop: {shown(error.sentence())} Reading {path}{warning}.", file=sys.stderr)
    return entries(lines)


def _say_what_is_missing(lines: list[Entry], begin_ms: int) -> None:
    first = next((line.at_ms for line in lines if line.at_ms is not None), None)
    if first is not None and first > begin_ms and len(lines) > 1_000:
        print(f"clawtop: lines before {utc(first)} are not given any more.", file=sys.stderr)
