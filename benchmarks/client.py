"""One measured client process: ``python -m benchmarks.client MANNER URL RESULT``.

``floor`` receives and decodes, ``store`` is the watcher without a screen, ``app`` the dashboard,
``stock`` the same store under a stock DataTable, ``counted`` the dashboard whose events are
counted. The marks arrive through the table of events, so that no manner pays for being measured.
The CPU of what paints is read a moment after the last mark: the paint of what came last belongs
to it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Raw

from benchmarks.marks import END, MARK, START
from clawtop.gateway import frames

AFTER_S = {"app": 0.3, "stock": 0.3}
TABLE: dict[str, Any] = frames._EVENTS


class Meter:
    """Wall and CPU seconds between the two marks, written to a file."""

    def __init__(self, result: Path, after_s: float) -> None:
        self._result, self._after_s = result, after_s
        self._wall = self._cpu = self._took = 0.0
        self._events = 0
        self.done = asyncio.Event()
        TABLE[START], TABLE[END] = self._start, self._end

    def _start(self, _raw: Raw) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def _end(self, raw: Raw) -> None:
        self._took = time.perf_counter() - self._wall
        self._events = frames.plain_value(raw)["events"]
        asyncio.get_running_loop().call_later(self._after_s, self._write)

    def _write(self) -> None:
        cpu = time.process_time() - self._cpu
        _write(self._result, {"events": self._events, "wall": self._took, "cpu": cpu})
        self.done.set()


class Counter:
    """Events decoded so far and the worst lag in seconds, in a file from mark to mark.

    The counts begin again at a start mark.
    """

    def __init__(self, result: Path) -> None:
        self._result = result
        self._events, self._lag = 0, 0.0
        for name, decode in [*TABLE.items()]:
            TABLE[name] = self._counted(decode)
        TABLE[START], TABLE[MARK] = self._start, self._mark

    def _counted(self, decode: Callable[[Raw], Any]) -> Callable[[Raw], Any]:
        def counted(raw: Raw) -> Any:
            self._events += 1
            return decode(raw)

        return counted

    def _start(self, _raw: Raw) -> None:
        self._events, self._lag = 0, 0.0

    def _mark(self, raw: Raw) -> None:
        sent_at = frames.plain_value(raw)["at"]
        self._lag = max(self._lag, time.monotonic() - sent_at)
        _write(self._result, {"events": self._events, "lag": self._lag})


def _write(result: Path, body: dict[str, float]) -> None:
    """At once or not at all: somebody is waiting for this file."""
    part = result.with_suffix(".part")
    part.write_text(json.dumps(body), encoding="utf-8")
    os.replace(part, result)


async def floor(url: str, meter: Meter) -> None:
    """The least there is: receive, the envelope, the typed payload."""
    from websockets.asyncio.client import connect

    async with connect(url, compression=None, max_size=None, ping_interval=None) as socket:
        await socket.recv()
        for number, method in enumerate(("connect", "sessions.subscribe")):
            await socket.send(frames.request(str(number), method, {}), text=True)
            await socket.recv()
        while not meter.done.is_set():
            frame = frames.decode(await socket.recv(decode=False))
            frames.event_change(frame.event, frame.payload)
            if frame.event == END:
                await meter.done.wait()


async def store(url: str, meter: Meter) -> None:
    """The watcher and its store, and nobody who looks."""
    from clawtop.cli.setup import client_of
    from clawtop.gateway.find import Target
    from clawtop.gateway.manner import Manner
    from clawtop.gateway.watch import Watcher
    from clawtop.picture.store import Store

    target = Target(url, "edge-1", None, "here", "none")
    watcher = Watcher(target, client_of(), Store(), Manner())
    watching = asyncio.create_task(watcher.run())
    await meter.done.wait()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await watcher.close()


def app(url: str) -> int:
    """The dashboard as it is started from a shell."""
    from clawtop.cli.main import run

    return run(["--url", url])


def stock(url: str) -> int:
    """The same store and panel, shown by a stock DataTable."""
    from benchmarks.stock_app import StockApp

    StockApp(url).run()
    return 0


def main(manner: str, url: str, result: str) -> None:
    """Run one client. What has a screen goes on until its terminal is taken away."""
    if manner == "counted":
        Counter(Path(result))
        sys.exit(app(url))
    meter = Meter(Path(result), AFTER_S.get(manner, 0.0))
    if manner in AFTER_S:
        sys.exit({"app": app, "stock": stock}[manner](url))
    asyncio.run({"floor": floor, "store": store}[manner](url, meter))


if __name__ == "__main__":
    main(*sys.argv[1:])
