"""``clawtop report``: Markdown for a ticket, on standard output or in a new file."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from pathlib import Path

from clawtop.cli.check_memory import load, memory_path
from clawtop.cli.common import seconds
from clawtop.cli.log_lines import Entry
from clawtop.cli.logs import tail
from clawtop.cli.report_text import Material, report_lines
from clawtop.cli.setup import watcher_of
from clawtop.errors import CallError, ClawtopError, ConnectError, RefusedError
from clawtop.gateway.actionlog import log_path, read_log
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher
from clawtop.incidents.engine import Engine
from clawtop.incidents.incident import Incident
from clawtop.picture.memory import recall
from clawtop.text import plain


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError; RefusedError for an unknown incident, or a file
    that exists."""
    back_ms = round(seconds(args.since, least=1) * 1000)
    output = None if args.output in (None, "-") else Path(args.output)
    if output is not None:
        _refuse_existing(output)
    watcher = watcher_of(args)
    engine = Engine(watcher.store)
    log, why = asyncio.run(_look(watcher))
    store = watcher.store
    recall(store, load(memory_path(os.environ, watcher.target.url)))  # what check saw, if it runs
    store.refresh(store.now_ms)
    engine.refresh()
    actions, no_actions = _actions(watcher, back_ms)
    told = Material(
        store=store,
        incidents=_chosen(engine, args.incident),
        actions=actions,
        no_actions=no_actions,
        log=log,
        since_ms=store.now_ms - back_ms,
        log_why=why,
    )
    text = "\n".join(report_lines(told)) + "\n"
    if output is None:
        print(text, end="", flush=True)
    else:
        write_new(output, text)
    return 0


async def _look(watcher: Watcher) -> tuple[list[Entry], str | None]:
    async with watching(watcher):
        await settle(watcher)
        try:
            return await tail(watcher), None
        except CallError as error:
            return [], error.sentence()
        except ConnectError:
            if "rows" in watcher.store.listed:
                return [], "the link ended before they were given"
            raise


def _chosen(engine: Engine, key: str | None) -> list[Incident]:
    found = engine.incidents()
    if key is None:
        return found
    chosen = [one for one in found if one.key == key]
    if not chosen:
        raise RefusedError(
            f"no incident {plain(key)} is open now", "See the keys with clawtop snapshot --json"
        )
    return chosen


def _actions(watcher: Watcher, back_ms: int) -> tuple[list[dict[str, object]], str | None]:
    """What was done to this gateway from this host, or why that is not known."""
    since_ms = round(time.time() * 1000) - back_ms
    try:
        lines = read_log(log_path(os.environ), since_ms)
    except ClawtopError as error:
        return [], error.message
    return [line for line in lines if line.get("gateway") == watcher.target.name], None


def _refuse_existing(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise RefusedError(f"{path} exists", "Name a new file, or remove it first")


def write_new(path: Path, text: str) -> None:
    """The whole file or none, readable by its owner alone; an existing one is never replaced.

    Raises RefusedError when it exists, ClawtopError when it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".clawtop-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.link(name, path)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(name)
    except FileExistsError:
        _refuse_existing(path)
        raise
    except OSError as error:
        raise ClawtopError(
            f"cannot write {path}: {error.strerror}", "Choose another place with -o"
        ) from None
