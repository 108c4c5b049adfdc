"""``clawtop record``: what the gateway says and what we ask, into a file, until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from clawtop.cli.common import seconds
from clawtop.cli.setup import watcher_of
from clawtop.errors import IncompleteError
from clawtop.gateway.feed import Line
from clawtop.gateway.tape import Recorder, header_of
from clawtop.gateway.watch import Watcher
from clawtop.text import age, count, plain

INTERRUPTED = 130
LOOK_S = 0.25  # how often the picture is looked at: suspects are probed by what it shows
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError; RefusedError for a file that exists."""
    for_s = seconds(args.duration, least=0.1) if args.duration else None
    watcher = watcher_of(args)
    secret = watcher.target.secret
    recorder = Recorder(Path(args.file), secret.value if secret else None)
    try:
        asyncio.run(_record(watcher, recorder, for_s))
    finally:
        recorder.close()
        if recorder.bytes:
            print(_closing(watcher, recorder), file=sys.stderr)
    if recorder.problem is not None:
        raise IncompleteError(recorder.problem, "What is written up to here can be replayed")
    return 0 if recorder.bytes else INTERRUPTED


async def _record(watcher: Watcher, recorder: Recorder, for_s: float | None) -> None:
    """Watch until a signal, a write that failed, or ``for_s`` seconds after connecting."""
    stop = asyncio.Event()
    recorder.on_problem = stop.set
    loop = asyncio.get_running_loop()
    for number in ENDS:
        loop.add_signal_handler(number, stop.set)
    watcher.feed.tape = _into(watcher, recorder, for_s)
    watching = asyncio.create_task(_watch(watcher, for_s))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (watching, stopping):
        task.cancel()
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    finally:
        watcher.feed.tape = None
        await watcher.close()


async def _watch(watcher: Watcher, for_s: float | None) -> None:
    await watcher.connect()
    looking = asyncio.create_task(_look(watcher))
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(for_s):
                await watcher.run()
    finally:
        looking.cancel()


async def _look(watcher: Watcher) -> None:
    while True:
        watcher.store.refresh(watcher.clock.now_ms())
        await asyncio.sleep(LOOK_S)


def _into(watcher: Watcher, recorder: Recorder, for_s: float | None) -> Callable[[Line], None]:
    """Where lines go. The first greeting brings the header with it."""
    for_ms = None if for_s is None else round(for_s * 1000)
    stale_after_ms = watcher.store.held.stale_after_ms

    def write(line: Line) -> None:
        if not recorder.bytes:
            recorder.begin(
                header_of(
                    watcher.target,
                    watcher.manner,
                    line,
                    stale_after_ms=stale_after_ms,
                    for_ms=for_ms,
                    instance=watcher.client.instance_id,
                )
            )
        recorder.write(line)

    return write


def _closing(watcher: Watcher, recorder: Recorder) -> str:
    """What there is on the tape, in a line."""
    counts = recorder.counts
    parts = [
        count(counts.get("event", 0), "event"),
        count(counts.get("answer", 0), "answer"),
        count(counts.get("ask", 0), "question"),
    ]
    if counts.get("down"):
        parts.append(f"link lost {count(counts['down'], 'time')}")
    began = recorder.began_ms
    took = age(watcher.clock.now_ms() - began) if began is not None else "?"
    size = f"{recorder.bytes / 1e6:.1f} MB"
    where = plain(str(recorder.path))
    what = f"{took} of {plain(watcher.target.name)}: {', '.join(parts)}"
    return f"clawtop: recorded {what}; {size} in {where}"
