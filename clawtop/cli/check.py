"""``clawtop check``: one look for a monitoring system, as its plugins speak.

Whatever goes wrong is UNKNOWN and exit 3, a wrong option and ``--help`` included: any other code
would be taken for a finding about the gateway.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import signal
import sys
from typing import Any

from msgspec import Struct

from clawtop.cli.check_memory import load, memory_path, save
from clawtop.cli.common import seconds
from clawtop.cli.looking import look
from clawtop.cli.metrics import Figures, Limit, at_least, figures_of, limits_of
from clawtop.cli.options import build_parser
from clawtop.cli.output import complain, lost
from clawtop.cli.setup import watcher_of
from clawtop.cli.verdict import (
    Ignored,
    Item,
    Status,
    ignored_of,
    incident_item,
    limit_items,
    lines_of,
    pause_items,
    required_of,
    safe,
    sorted_items,
    unseen,
    worst,
)
from clawtop.errors import ClawtopError
from clawtop.gateway.watch import Watcher
from clawtop.incidents.engine import Engine
from clawtop.incidents.incident import Incident
from clawtop.incidents.ways import incident_document
from clawtop.picture.document import gateway_document, heartbeats_document
from clawtop.picture.memory import memory_of, recall
from clawtop.text import mask

SCHEMA = "clawtop.check/1"
ERROR_SCHEMA = "clawtop.error/1"


class Wanted(Struct, frozen=True):
    """What the options ask for."""

    observe_s: float
    required: list[str]
    ignored: list[Ignored]
    limits: list[Limit]
    keep: bool


class Seen(Struct):
    """What one look came to."""

    items: list[Item]
    figures: Figures
    notes: list[str]
    incidents: list[Incident]
    ignored: list[Incident]
    unseen: list[tuple[str, str]]


def main(argv: list[str]) -> int:
    """The whole command line; never raises, and ends with a code that the monitor knows."""
    try:
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        code = _checked(argv)
        sys.stdout.flush()
    except OSError as error:  # nobody can read a line
        lost(error)
        return int(Status.UNKNOWN)
    return code


def _checked(argv: list[str]) -> int:
    as_json = "--json" in argv
    try:
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                args = build_parser().parse_args(argv)
        except SystemExit:
            return _unknown("this is the help, nothing was checked", as_json=False, more=said)
        return run(args)
    except ClawtopError as error:
        return _unknown(error.sentence(), as_json=as_json, error=error)
    except (KeyboardInterrupt, asyncio.CancelledError):  # the latter: SIGTERM
        return _unknown("interrupted before it was done", as_json=as_json)
    except Exception as error:  # noqa: BLE001 - exit 1 would be read as a warning of the gateway
        return _unknown(f"clawtop failed: {type(error).__name__}: {error}", as_json=as_json)


def _unknown(
    why: str,
    *,
    as_json: bool,
    error: ClawtopError | None = None,
    more: io.StringIO | None = None,
) -> int:
    line = f"CLAWTOP UNKNOWN - {safe(why)}"
    if as_json:
        body = {
            "schema": ERROR_SCHEMA,
            "status": Status.UNKNOWN.name,
            "code": error.code if error else "error",
            "message": mask(error.message if error else why)[0],
            "next": (error.next_step or None) if error else None,
        }
        complain(line)
        line = json.dumps(body, ensure_ascii=True)
    print(line)
    if more is not None:
        print(more.getvalue(), end="")
    sys.stdout.flush()
    return int(Status.UNKNOWN)


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError."""
    wanted = Wanted(
        observe_s=seconds(args.observe),
        required=required_of(args.require),
        ignored=ignored_of(args.ignore),
        limits=limits_of(args.warning, args.critical),
        keep=not args.no_state,
    )
    watcher = watcher_of(args)
    engine = Engine(watcher.store)
    asyncio.run(_look(watcher, wanted.observe_s))
    first_look, problem = _remember(watcher, keep=wanted.keep)
    engine.refresh()
    seen = _judge(watcher, engine, wanted, first_look=first_look)
    if problem:
        seen.notes.append(problem)
    if args.json:
        print(json.dumps(_document(watcher, seen, wanted, first_look=first_look)), flush=True)
    else:
        print("\n".join(lines_of(seen.items, seen.figures, wanted.limits, seen.notes)), flush=True)
    return int(worst(seen.items))


async def _look(watcher: Watcher, observe_s: float) -> None:
    task = asyncio.current_task()
    if task is not None:
        with contextlib.suppress(NotImplementedError):  # not on every platform
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await look(watcher, observe_s)


def _remember(watcher: Watcher, *, keep: bool) -> tuple[bool, str | None]:
    """Add what the last look saw, keep this one; whether there was none, and what went wrong."""
    if not keep:
        return True, None
    store = watcher.store
    path = memory_path(os.environ, watcher.target.url)
    known = recall(store, load(path))
    store.refresh(store.now_ms)
    if "rows" not in store.listed:
        return not known, None
    return not known, save(path, memory_of(store))


def _judge(watcher: Watcher, engine: Engine, wanted: Wanted, *, first_look: bool) -> Seen:
    store, found = watcher.store, engine.incidents()
    ignored = [one for one in found if any(rule.fits(one) for rule in wanted.ignored)]
    counted = [one for one in found if one not in ignored]
    figures = figures_of(store, counted)
    missing = unseen(store, wanted.required)
    items = [incident_item(one, store) for one in counted]
    items += pause_items(store)
    items += limit_items(figures, wanted.limits, at_least(store))
    items += [Item(Status.UNKNOWN, f"{part} cannot be seen: {safe(why)}") for part, why in missing]
    notes = ["first look"] if first_look else []
    notes += [f"ignored: {one.id} {one.name} {one.session_key or ''}".rstrip() for one in ignored]
    return Seen(sorted_items(items), figures, notes, found, ignored, missing)


def _document(watcher: Watcher, seen: Seen, wanted: Wanted, *, first_look: bool) -> dict[str, Any]:
    store, status = watcher.store, worst(seen.items)
    lines = lines_of(seen.items, seen.figures, wanted.limits, seen.notes)
    return {
        "schema": SCHEMA,
        "status": status.name,
        "exit_code": int(status),
        "summary": lines[0],
        "taken_at_ms": store.now_ms,
        "first_look": first_look,
        "gateway": gateway_document(store),
        "metrics": seen.figures,
        "limits": [
            {"metric": one.metric, "severity": str(one.severity), "most": one.most}
            for one in wanted.limits
        ],
        "heartbeats": heartbeats_document(store),
        "unseen": [{"part": part, "why": why} for part, why in seen.unseen],
        "incidents": [
            {**incident_document(one, store), "ignored": one in seen.ignored}
            for one in seen.incidents
        ],
    }
